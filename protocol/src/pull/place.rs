//! Where stores stand, and how far they are from each other.

use serde::{Deserialize, Serialize};

/// Where something stands, in millionths of a degree; all of a chain in one datum (WGS 84, or GCJ-02).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// North of the equator.
    pub latitude_e6: i32,
    /// East of Greenwich.
    pub longitude_e6: i32,
}

/// A millionth of a degree of a meridian is so many millionths of a metre.
const METRE_E6_OF_DEGREE_E6: i64 = 111_195;

impl Place {
    /// Whether there is such a place on Earth.
    pub fn is_on_earth(self) -> bool {
        self.latitude_e6.unsigned_abs() <= 90_000_000 && self.longitude_e6.unsigned_abs() <= 180_000_000
    }

    /// How far it is as the crow flies, metres: within a hundredth up to some hundred kilometres.
    pub fn metres_to(self, other: Self) -> u32 {
        let (a, b) = (self, other);
        let north = i64::from(a.latitude_e6) - i64::from(b.latitude_e6);
        let east = (i64::from(a.longitude_e6) - i64::from(b.longitude_e6)).abs();
        // The other way round the Earth may be the shorter one.
        let east = east.min(360_000_000 - east);
        // Meridians draw together towards the poles, by the cosine of the latitude (Bhaskara's formula), in thousandths.
        let degrees_e3 = (i64::from(a.latitude_e6) + i64::from(b.latitude_e6)) / 2_000;
        let square = degrees_e3 * degrees_e3;
        let cosine_e3 = 1_000 * (32_400_000_000 - 4 * square) / (32_400_000_000 + square);
        let metres = |degrees_e6: i64| degrees_e6 * METRE_E6_OF_DEGREE_E6 / 1_000_000;
        let (north, east) = (metres(north).unsigned_abs(), metres(east * cosine_e3 / 1_000).unsigned_abs());
        u32::try_from((north * north + east * east).isqrt()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_are_as_far_as_on_a_map() {
        let place = |latitude_e6, longitude_e6| Place { latitude_e6, longitude_e6 };
        // Metres by the haversine formula on a sphere of 6,371,008.8 m.
        for (a, b, metres) in [
            (place(25_040_600, 102_712_251), place(25_040_600, 102_712_251), 0),
            (place(25_040_600, 102_712_251), place(25_049_600, 102_712_251), 1_001),
            (place(25_040_600, 102_712_251), place(25_040_600, 102_812_251), 10_074),
            (place(31_230_400, 121_473_700), place(30_274_100, 120_155_100), 164_874),
            (place(-16_500_000, 179_950_000), place(-16_500_000, -179_950_000), 10_661),
        ] {
            let found = a.metres_to(b);
            assert_eq!(found, b.metres_to(a));
            assert!(found.abs_diff(metres) <= metres / 100 + 5, "{found}, not {metres}");
        }
        let far = place(90_000_000, 180_000_000).metres_to(place(-90_000_000, -180_000_000));
        assert!(far > 19_000_000, "nothing overflows: {far}");
        assert!(!place(90_000_001, 0).is_on_earth() && !place(0, i32::MIN).is_on_earth());
    }
}
