// Reads codes with the camera: by the browser's own BarcodeDetector where there is one, else by ZBar, which is loaded then.

const FORMATS = ["ean_13", "ean_8", "upc_a", "upc_e", "code_128", "itf", "qr_code", "data_matrix", "databar", "databar_expanded"];
// Between two looks at the picture, milliseconds.
const LOOK_MS = 120;
// A code must be out of sight for so long before it counts again, milliseconds.
const AWAY_MS = 1200;

async function reader() {
  if ("BarcodeDetector" in window) {
    const known = await window.BarcodeDetector.getSupportedFormats();
    const formats = FORMATS.filter((format) => known.includes(format));
    if (formats.includes("ean_13")) {
      const detector = new window.BarcodeDetector({ formats });
      return async (video) => (await detector.detect(video)).map((found) => found.rawValue);
    }
  }
  const zbar = await import("/go/zbar-0.11.0.mjs");
  const scanner = await zbar.getDefaultScanner();
  // The numbers of a retail code are wanted as printed, and QR codes as text.
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return async (video) => {
    const scale = Math.min(1, 960 / Math.max(video.videoWidth, video.videoHeight));
    canvas.width = Math.max(1, Math.round(video.videoWidth * scale));
    canvas.height = Math.max(1, Math.round(video.videoHeight * scale));
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    const found = await zbar.scanImageData(context.getImageData(0, 0, canvas.width, canvas.height), scanner);
    return found.map((symbol) => symbol.decode());
  };
}

// Opens the camera in a video element and calls `take` for each code that comes into sight. Gives what closes it.
export async function open(video, take) {
  const constraints = { audio: false, video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } } };
  const [read, stream] = await Promise.all([
    reader().catch(() => { throw new Error("reader"); }),
    navigator.mediaDevices.getUserMedia(constraints),
  ]);
  video.srcObject = stream;
  await video.play();
  const seen = new Map();
  let timer = 0;
  let closed = false;
  const look = async () => {
    try {
      if (video.readyState >= 2) {
        const now = Date.now();
        for (const code of await read(video)) {
          const last = seen.get(code) ?? 0;
          seen.set(code, now);
          if (now - last > AWAY_MS && !closed) take(code);
        }
        for (const [code, at] of seen) if (now - at > AWAY_MS) seen.delete(code);
      }
    } catch { /* A picture that cannot be read is followed by another. */ }
    if (!closed) timer = setTimeout(look, LOOK_MS);
  };
  look();
  return () => {
    closed = true;
    clearTimeout(timer);
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
}
