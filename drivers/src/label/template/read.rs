//! Reads a template's SVG: what is a field, a condition, a text; what is drawn as it stands; where it is wrong.

use std::ops::Range;

use resvg::usvg;
use roxmltree::{Document, Node, NodeType};

use super::super::face::Ink;
use super::super::field::Field;
use super::{
    Anchor, Baseline, Condition, Dither, Drawn, ELEMENTS_MAX, LENGTHS, Language, Length, LoadTemplateError,
    Part, Piece, Run, SVG, Shapes, Symbol, SymbolKind, TEMPLATE_BYTES_MAX, Template, TemplateProblem, Text,
    Word, error_at, ink_of, layer_svg,
};

/// Elements that are drawn as they stand.
const SHAPES: &[&str] = &[
    "g",
    "rect",
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "path",
    "image",
    "use",
    "linearGradient",
    "radialGradient",
    "stop",
    "pattern",
    "clipPath",
    "mask",
];

/// What a group hands down.
#[derive(Clone)]
struct Inherited {
    fill: String,
    size: f32,
    bold: bool,
    struck: bool,
    anchor: Anchor,
    baseline: Baseline,
    shift: Option<(f32, f32)>,
    conditions: Vec<Condition>,
    dither: Dither,
    /// Attributes of the groups around, outermost first.
    groups: Vec<Vec<(String, String)>>,
}

struct Reader<'a> {
    source: &'a str,
    document: &'a Document<'a>,
    language: Language,
    definitions: Vec<Shapes>,
    parts: Vec<Part>,
}

impl Template {
    pub(super) fn parse(svg: &str, language: Language) -> Result<Self, LoadTemplateError> {
        if svg.len() > TEMPLATE_BYTES_MAX {
            return Err(error_at(1, 1, TemplateProblem::TooLong(svg.len())));
        }
        let document = Document::parse(svg).map_err(|error| {
            let at = error.pos();
            error_at(at.row, at.col, TemplateProblem::Xml(error.to_string()))
        })?;
        let mut reader =
            Reader { source: svg, document: &document, language, definitions: Vec::new(), parts: Vec::new() };
        let root = document.root_element();
        if document.descendants().filter(Node::is_element).count() > ELEMENTS_MAX {
            return Err(reader.error(root, TemplateProblem::TooManyElements));
        }
        let view = reader.view(root)?;
        let inherited = Inherited {
            fill: "black".to_owned(),
            size: 16.0,
            bold: false,
            struck: false,
            anchor: Anchor::Start,
            baseline: Baseline::Alphabetic,
            shift: Some((0.0, 0.0)),
            conditions: Vec::new(),
            dither: Dither::Threshold,
            groups: Vec::new(),
        };
        let inherited = reader.inherit(root, &inherited)?;
        for child in root.children().filter(Node::is_element) {
            reader.element(child, &inherited)?;
        }
        let Reader { definitions, parts, .. } = reader;
        for part in &parts {
            if let Drawn::Shapes(shapes, _) = &part.drawn {
                let svg = layer_svg(&definitions, shapes, view, (16, 16));
                usvg::Tree::from_str(&svg, &usvg::Options::default())
                    .map_err(|error| error_at(1, 1, TemplateProblem::Drawing(error.to_string())))?;
            }
        }
        Ok(Self { view, definitions, parts })
    }
}

impl Reader<'_> {
    fn error(&self, node: Node, problem: TemplateProblem) -> LoadTemplateError {
        self.error_in(node.range(), problem)
    }

    fn error_in(&self, range: Range<usize>, problem: TemplateProblem) -> LoadTemplateError {
        let at = self.document.text_pos_at(range.start);
        error_at(at.row, at.col, problem)
    }

    /// An error of an attribute, at its place; of its owner where it came from `style`.
    fn attribute_error(&self, node: Node, name: &str, value: &str) -> LoadTemplateError {
        let range = node.attribute_node(name).map_or_else(|| node.range(), |attribute| attribute.range());
        self.error_in(range, TemplateProblem::Value { attribute: name.to_owned(), value: value.to_owned() })
    }

    fn view(&self, root: Node) -> Result<(f32, f32), LoadTemplateError> {
        let bad = || self.error(root, TemplateProblem::Root);
        if root.tag_name().name() != "svg" || root.tag_name().namespace() != Some(SVG) {
            return Err(bad());
        }
        let text = root.attribute("viewBox").ok_or_else(bad)?;
        let numbers: Vec<f32> = text
            .split([' ', ','])
            .filter(|part| !part.is_empty())
            .filter_map(|part| part.parse().ok())
            .collect();
        match numbers[..] {
            [0.0, 0.0, width, height]
                if (16.0..=4096.0).contains(&width) && (16.0..=4096.0).contains(&height) =>
            {
                Ok((width, height))
            }
            _ => Err(bad()),
        }
    }

    /// An attribute, or the same in `style`.
    fn attribute<'n>(&self, node: Node<'n, '_>, name: &str) -> Option<&'n str> {
        let style = node.attribute("style").and_then(|style| {
            style.split(';').find_map(|declaration| {
                let (key, value) = declaration.split_once(':')?;
                (key.trim() == name).then_some(value.trim())
            })
        });
        style.or_else(|| node.attribute(name))
    }

    fn length(&self, node: Node, name: &str) -> Result<Option<Length>, LoadTemplateError> {
        let Some(text) = node.attribute(name) else { return Ok(None) };
        Length::parse(text).map(Some).ok_or_else(|| self.attribute_error(node, name, text))
    }

    fn needed(&self, node: Node, name: &'static str) -> Result<Length, LoadTemplateError> {
        self.length(node, name)?.ok_or_else(|| {
            let element = node.tag_name().name().to_owned();
            self.error(node, TemplateProblem::Missing { element, attribute: name })
        })
    }

    fn number(&self, node: Node, name: &str) -> Result<Option<f32>, LoadTemplateError> {
        let Some(text) = self.attribute(node, name) else { return Ok(None) };
        let number = text.strip_suffix("px").unwrap_or(text).trim().parse().ok();
        number
            .filter(|number: &f32| number.is_finite() && *number >= 0.0)
            .map(Some)
            .ok_or_else(|| self.attribute_error(node, name, text))
    }

    fn ink(&self, node: Node, name: &str, text: &str) -> Result<Ink, LoadTemplateError> {
        let colour: svgtypes::Color = text.parse().map_err(|_| self.attribute_error(node, name, text))?;
        Ok(ink_of([colour.red, colour.green, colour.blue]))
    }

    fn inherit(&self, node: Node, from: &Inherited) -> Result<Inherited, LoadTemplateError> {
        let mut own = from.clone();
        if let Some(fill) = self.attribute(node, "fill") {
            own.fill = fill.to_owned();
        }
        if let Some(size) = self.number(node, "font-size")? {
            own.size = size;
        }
        if let Some(weight) = self.attribute(node, "font-weight") {
            own.bold = match weight {
                "bold" | "bolder" | "600" | "700" | "800" | "900" => true,
                "normal" | "lighter" | "100" | "200" | "300" | "400" | "500" => false,
                _ => return Err(self.attribute_error(node, "font-weight", weight)),
            };
        }
        if let Some(decoration) = self.attribute(node, "text-decoration") {
            own.struck = match decoration {
                "line-through" => true,
                "none" => false,
                _ => return Err(self.attribute_error(node, "text-decoration", decoration)),
            };
        }
        if let Some(anchor) = self.attribute(node, "text-anchor") {
            own.anchor = match anchor {
                "start" => Anchor::Start,
                "middle" => Anchor::Middle,
                "end" => Anchor::End,
                _ => return Err(self.attribute_error(node, "text-anchor", anchor)),
            };
        }
        if let Some(baseline) = self.attribute(node, "dominant-baseline") {
            own.baseline = match baseline {
                "auto" | "alphabetic" => Baseline::Alphabetic,
                "hanging" | "text-before-edge" => Baseline::Hanging,
                "central" | "middle" => Baseline::Central,
                _ => return Err(self.attribute_error(node, "dominant-baseline", baseline)),
            };
        }
        if let Some(dither) = node.attribute("data-dither") {
            own.dither = match dither {
                "none" => Dither::Threshold,
                "ordered" => Dither::Ordered,
                "burkes" => Dither::Burkes,
                _ => return Err(self.attribute_error(node, "data-dither", dither)),
            };
        }
        if let Some(transform) = node.attribute("transform") {
            own.shift = own.shift.zip(translation(transform)).map(|(a, b)| (a.0 + b.0, a.1 + b.1));
        }
        if let Some(condition) = node.attribute_node("data-if") {
            for clause in condition.value().split(" and ") {
                let parsed = Condition::parse(clause)
                    .map_err(|problem| self.error_in(condition.range_value(), problem))?;
                own.conditions.push(parsed);
            }
        }
        Ok(own)
    }

    fn element(&mut self, node: Node, from: &Inherited) -> Result<(), LoadTemplateError> {
        // What drawing programs note for themselves.
        if node.tag_name().namespace() != Some(SVG) {
            return Ok(());
        }
        let name = node.tag_name().name();
        self.check_attributes(node)?;
        match name {
            "title" | "desc" | "metadata" => Ok(()),
            "defs" => {
                let children: Result<Vec<_>, _> =
                    node.children().filter(Node::is_element).map(|child| self.shapes(child)).collect();
                let children = children?;
                self.definitions.push(Shapes { tag: "defs".to_owned(), attributes: Vec::new(), children });
                Ok(())
            }
            "text" => {
                let own = self.inherit(node, from)?;
                let text = self.text(node, &own)?;
                self.parts.push(Part { conditions: own.conditions, drawn: Drawn::Text(text) });
                Ok(())
            }
            "rect" if node.has_attribute("data-code") => {
                let own = self.inherit(node, from)?;
                let symbol = self.symbol(node, &own)?;
                self.parts.push(Part { conditions: own.conditions, drawn: Drawn::Symbol(symbol) });
                Ok(())
            }
            "g" => {
                let mut own = self.inherit(node, from)?;
                own.groups.push(plain_attributes(node));
                for child in node.children().filter(Node::is_element) {
                    self.element(child, &own)?;
                }
                Ok(())
            }
            _ => {
                let own = self.inherit(node, from)?;
                let mut shapes = self.shapes(node)?;
                for group in own.groups.iter().rev() {
                    shapes =
                        Shapes { tag: "g".to_owned(), attributes: group.clone(), children: vec![shapes] };
                }
                match self.parts.last_mut() {
                    Some(Part { conditions, drawn: Drawn::Shapes(list, dither) })
                        if *conditions == own.conditions && *dither == own.dither =>
                    {
                        list.push(shapes);
                    }
                    _ => self.parts.push(Part {
                        conditions: own.conditions,
                        drawn: Drawn::Shapes(vec![shapes], own.dither),
                    }),
                }
                Ok(())
            }
        }
    }

    fn check_attributes(&self, node: Node) -> Result<(), LoadTemplateError> {
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            let at = |problem| self.error_in(attribute.range(), problem);
            if value.contains("{{") && !matches!(name, "data-value" | "data-en") {
                return Err(at(TemplateProblem::FieldInAttribute(name.to_owned())));
            }
            if LENGTHS.iter().any(|(length, _)| *length == name) && Length::parse(value).is_none() {
                return Err(self.attribute_error(node, name, value));
            }
            let colour_like = matches!(name, "fill" | "stroke") && !value.contains("url(");
            let is_word = matches!(value, "none" | "currentColor" | "inherit");
            if colour_like && !is_word && value.parse::<svgtypes::Color>().is_err() {
                return Err(self.attribute_error(node, name, value));
            }
            if name == "d" && svgtypes::PathParser::from(value).any(|segment| segment.is_err()) {
                return Err(self.attribute_error(node, name, value));
            }
            if name == "href" && !value.starts_with("data:") && !value.starts_with('#') {
                return Err(at(TemplateProblem::OutsidePicture));
            }
        }
        Ok(())
    }

    fn shapes(&self, node: Node) -> Result<Shapes, LoadTemplateError> {
        let tag = node.tag_name().name();
        if !SHAPES.contains(&tag) {
            return Err(self.error(node, TemplateProblem::Element(tag.to_owned())));
        }
        self.check_attributes(node)?;
        let children: Result<Vec<_>, _> = node
            .children()
            .filter(|child| child.is_element() && child.tag_name().namespace() == Some(SVG))
            .filter(|child| !matches!(child.tag_name().name(), "title" | "desc"))
            .map(|child| self.shapes(child))
            .collect();
        Ok(Shapes { tag: tag.to_owned(), attributes: plain_attributes(node), children: children? })
    }

    fn placed(&self, node: Node, own: &Inherited) -> Result<(Length, Length), LoadTemplateError> {
        let (dx, dy) = own.shift.ok_or_else(|| self.error(node, TemplateProblem::Transform))?;
        let mut x = self.length(node, "x")?.unwrap_or(Length::ZERO);
        let mut y = self.length(node, "y")?.unwrap_or(Length::ZERO);
        x.units += dx;
        y.units += dy;
        Ok((x, y))
    }

    fn symbol(&self, node: Node, own: &Inherited) -> Result<Symbol, LoadTemplateError> {
        let code = node.attribute("data-code").unwrap_or_default();
        let kind = match code {
            "ean" => SymbolKind::Ean,
            "qr" => SymbolKind::Qr,
            _ => return Err(self.attribute_error(node, "data-code", code)),
        };
        let (x, y) = self.placed(node, own)?;
        let value = node.attribute_node("data-value").ok_or_else(|| {
            self.error(node, TemplateProblem::Missing { element: "rect".to_owned(), attribute: "data-value" })
        })?;
        let words = self.words(value.value(), value.range_value())?;
        Ok(Symbol {
            kind,
            anchor: own.anchor,
            x,
            y,
            width: self.needed(node, "width")?,
            height: self.needed(node, "height")?,
            words,
        })
    }

    fn text(&self, node: Node, own: &Inherited) -> Result<Text, LoadTemplateError> {
        let (x, y) = self.placed(node, own)?;
        let mut runs = Vec::new();
        match self.english(node) {
            Some((text, range)) => runs.push(self.run(node, own, text, range)?),
            None => {
                for child in node.children() {
                    match child.node_type() {
                        NodeType::Text => {
                            let text = child.text().unwrap_or_default();
                            // Line breaks between spans are the file's, not the label's.
                            if text.trim().is_empty() && text.contains('\n') {
                                continue;
                            }
                            runs.push(self.run(node, own, text, child.range())?);
                        }
                        NodeType::Element => runs.push(self.span(child, own)?),
                        NodeType::Comment | NodeType::PI | NodeType::Root => {}
                    }
                }
            }
        }
        collapse(&mut runs);
        let size = runs.iter().map(|run| run.size).fold(0.0, f32::max);
        let pad = match node.attribute("data-pad") {
            None => (0.0, 0.0),
            Some(text) => {
                let numbers: Vec<f32> =
                    text.split_whitespace().filter_map(|number| number.parse().ok()).collect();
                match numbers[..] {
                    [both] => (both, both),
                    [across, down] => (across, down),
                    _ => return Err(self.attribute_error(node, "data-pad", text)),
                }
            }
        };
        let lines = match node.attribute("data-lines") {
            None => 1,
            Some(text) => text
                .parse()
                .ok()
                .filter(|lines| (1..=8).contains(lines))
                .ok_or_else(|| self.attribute_error(node, "data-lines", text))?,
        };
        let cut = match node.attribute("data-overflow") {
            None | Some("refuse") => false,
            Some("cut") => true,
            Some(other) => return Err(self.attribute_error(node, "data-overflow", other)),
        };
        let back = match node.attribute("data-back") {
            None => None,
            Some(colour) => Some(self.ink(node, "data-back", colour)?),
        };
        Ok(Text {
            x,
            y,
            runs,
            anchor: own.anchor,
            baseline: own.baseline,
            width: self.length(node, "data-width")?,
            lines,
            size_min: self.number(node, "data-min")?.unwrap_or(size),
            height: self.length(node, "data-height")?,
            cut,
            back,
            pad,
        })
    }

    /// The English words of an element, where those are asked for.
    fn english<'n>(&self, node: Node<'n, '_>) -> Option<(&'n str, Range<usize>)> {
        match self.language {
            Language::Chinese => None,
            Language::English => {
                node.attribute_node("data-en").map(|attribute| (attribute.value(), attribute.range_value()))
            }
        }
    }

    fn span(&self, node: Node, from: &Inherited) -> Result<Run, LoadTemplateError> {
        let name = node.tag_name().name();
        if name != "tspan" || node.children().any(|child| child.is_element()) {
            return Err(self.error(node, TemplateProblem::Element(name.to_owned())));
        }
        for barred in ["x", "y", "dy", "transform", "data-if"] {
            if let Some(value) = node.attribute(barred) {
                return Err(self.attribute_error(node, barred, value));
            }
        }
        self.check_attributes(node)?;
        let own = self.inherit(node, from)?;
        let (text, range) = self.english(node).unwrap_or_else(|| {
            let range = node.first_child().map_or_else(|| node.range(), |child| child.range());
            (node.text().unwrap_or_default(), range)
        });
        let mut run = self.run(node, &own, text, range)?;
        run.gap = self.number(node, "dx")?.unwrap_or(0.0);
        Ok(run)
    }

    fn run(
        &self,
        node: Node,
        own: &Inherited,
        text: &str,
        range: Range<usize>,
    ) -> Result<Run, LoadTemplateError> {
        Ok(Run {
            words: self.words(text, range)?,
            size: own.size,
            bold: own.bold,
            ink: self.ink(node, "fill", &own.fill)?,
            struck: own.struck,
            gap: 0.0,
        })
    }

    /// Splits a text at its fields; `range` is where it stands in the file.
    fn words(&self, text: &str, range: Range<usize>) -> Result<Vec<Word>, LoadTemplateError> {
        let mut words = Vec::new();
        let mut rest = text;
        let mut from = range.start;
        while let Some(start) = rest.find("{{") {
            if start > 0 {
                words.push(Word::Literal(rest[..start].to_owned()));
            }
            // The file may write characters before it as entities, so it is looked for there.
            let found = self.source[from..range.end].find("{{").map_or(from, |offset| from + offset);
            let at = |problem| self.error_in(found..found, problem);
            let inner = &rest[start + 2..];
            let end = inner.find("}}").ok_or_else(|| at(TemplateProblem::Field(rest[start..].to_owned())))?;
            let (name, piece) = match inner[..end].split_once('|') {
                None => (&inner[..end], Piece::All),
                Some((name, "whole")) => (name, Piece::Whole),
                Some((name, "fraction")) => (name, Piece::Fraction),
                Some(_) => {
                    return Err(at(TemplateProblem::Field(rest[start..start + 2 + end + 2].to_owned())));
                }
            };
            let name = name.trim();
            let field =
                Field::named(name).ok_or_else(|| at(TemplateProblem::UnknownField(name.to_owned())))?;
            words.push(Word::Field(field, piece));
            rest = &inner[end + 2..];
            from = found + 2;
        }
        if !rest.is_empty() {
            words.push(Word::Literal(rest.to_owned()));
        }
        Ok(words)
    }
}

/// Attributes that the drawing library is handed.
fn plain_attributes(node: Node) -> Vec<(String, String)> {
    node.attributes()
        .filter(|attribute| !attribute.name().starts_with("data-"))
        .filter_map(|attribute| {
            let name = match attribute.namespace() {
                None => attribute.name().to_owned(),
                Some("http://www.w3.org/1999/xlink") => format!("xlink:{}", attribute.name()),
                Some(_) => return None,
            };
            Some((name, attribute.value().to_owned()))
        })
        .collect()
}

/// `translate(x)` or `translate(x, y)`; `None` for all else.
fn translation(transform: &str) -> Option<(f32, f32)> {
    let inner = transform.trim().strip_prefix("translate(")?.strip_suffix(')')?;
    let numbers: Option<Vec<f32>> =
        inner.split([',', ' ']).filter(|part| !part.is_empty()).map(|part| part.parse().ok()).collect();
    match numbers?[..] {
        [x] => Some((x, 0.0)),
        [x, y] => Some((x, y)),
        _ => None,
    }
}

/// White space as SVG has it: one space between words, none at the ends of the text.
fn collapse(runs: &mut Vec<Run>) {
    let mut after_space = true;
    for run in runs.iter_mut() {
        for word in &mut run.words {
            match word {
                Word::Literal(text) => {
                    let mut collapsed = String::new();
                    for character in text.chars() {
                        let is_space = matches!(character, ' ' | '\n' | '\r' | '\t');
                        if !is_space {
                            collapsed.push(character);
                        } else if !after_space {
                            collapsed.push(' ');
                        }
                        after_space = is_space;
                    }
                    *text = collapsed;
                }
                Word::Field(..) => after_space = false,
            }
        }
        run.words.retain(|word| !matches!(word, Word::Literal(text) if text.is_empty()));
    }
    runs.retain(|run| !run.words.is_empty());
    if let Some(Word::Literal(last)) = runs.last_mut().and_then(|run| run.words.last_mut()) {
        last.truncate(last.trim_end_matches(' ').len());
    }
}
