//! Reads a template's SVG: what is a field, a condition, a text; what is drawn as it stands; where it is wrong.

use std::collections::HashSet;
use std::ops::Range;

use resvg::tiny_skia::{Pixmap, Transform};
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
    /// What other elements may point to.
    ids: HashSet<&'a str>,
    definitions: Vec<Shapes>,
    parts: Vec<Part>,
    /// Every shape by itself, and where it stands in the file.
    drawn: Vec<(Range<usize>, Shapes)>,
}

/// Words that stand at one place.
struct Placed {
    x: Option<Length>,
    y: Option<Length>,
    runs: Vec<Run>,
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
        let mut reader = Reader {
            source: svg,
            document: &document,
            language,
            ids: document.descendants().filter_map(|node| node.attribute("id")).collect(),
            definitions: Vec::new(),
            parts: Vec::new(),
            drawn: Vec::new(),
        };
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
        reader.check_drawing(root, view)?;
        let Reader { definitions, parts, .. } = reader;
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

    /// Lets the drawing library read every layer; what it refuses is told where the shape stands that it refuses.
    fn check_drawing(&self, root: Node, view: (f32, f32)) -> Result<(), LoadTemplateError> {
        let refused = |shapes: &[Shapes]| {
            let svg = layer_svg(&self.definitions, shapes, view, (16, 16));
            usvg::Tree::from_str(&svg, &usvg::Options::default()).err()
        };
        for part in &self.parts {
            let Drawn::Shapes(shapes, _) = &part.drawn else { continue };
            let Some(error) = refused(shapes) else { continue };
            let alone = self.drawn.iter().find(|(_, shape)| refused(std::slice::from_ref(shape)).is_some());
            let range = alone.map_or_else(|| root.range(), |(range, _)| range.clone());
            return Err(self.error_in(range, TemplateProblem::Drawing(error.to_string())));
        }
        Ok(())
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
            // Some programs add how the line looks.
            own.struck = match decoration.split_whitespace().next().unwrap_or_default() {
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
        // A layer that its designer has switched off.
        if self.attribute(node, "display") == Some("none") {
            return Ok(());
        }
        match name {
            "title" | "desc" | "metadata" => Ok(()),
            "defs" => {
                let children = self.inner(node)?;
                self.definitions.push(Shapes { tag: "defs".to_owned(), attributes: Vec::new(), children });
                Ok(())
            }
            "text" => {
                let own = self.inherit(node, from)?;
                for text in self.texts(node, &own)? {
                    self.parts.push(Part { conditions: own.conditions.clone(), drawn: Drawn::Text(text) });
                }
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
                self.drawn.push((node.range(), shapes.clone()));
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
            let named = value.strip_prefix('#').filter(|_| name == "href").into_iter();
            if let Some(missing) = named.chain(pointed_to(value)).find(|id| !self.ids.contains(*id)) {
                return Err(at(TemplateProblem::NoSuchId(missing.to_owned())));
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
        if tag == "image" {
            self.check_picture(node)?;
        }
        Ok(Shapes { tag: tag.to_owned(), attributes: plain_attributes(node), children: self.inner(node)? })
    }

    /// What stands within an element, without what drawing programs note for themselves.
    fn inner(&self, node: Node) -> Result<Vec<Shapes>, LoadTemplateError> {
        node.children()
            .filter(|child| child.is_element() && child.tag_name().namespace() == Some(SVG))
            .filter(|child| !matches!(child.tag_name().name(), "title" | "desc" | "metadata"))
            .map(|child| self.shapes(child))
            .collect()
    }

    /// Draws an embedded picture small: one that cannot be read leaves nothing.
    fn check_picture(&self, node: Node) -> Result<(), LoadTemplateError> {
        let href = node.attributes().find(|attribute| attribute.name() == "href");
        let Some(href) = href.filter(|href| href.value().starts_with("data:")) else {
            return Err(href.map_or_else(
                || {
                    let element = "image".to_owned();
                    self.error(node, TemplateProblem::Missing { element, attribute: "href" })
                },
                |href| self.error_in(href.range(), TemplateProblem::OutsidePicture),
            ));
        };
        let attributes = [("width", "16"), ("height", "16"), ("href", href.value())];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let picture = Shapes { tag: "image".to_owned(), attributes, children: Vec::new() };
        let svg = layer_svg(&[], &[picture], (16.0, 16.0), (16, 16));
        let drawn = usvg::Tree::from_str(&svg, &usvg::Options::default()).ok().zip(Pixmap::new(16, 16));
        let seen = drawn.is_some_and(|(tree, mut pixels)| {
            resvg::render(&tree, Transform::identity(), &mut pixels.as_mut());
            pixels.pixels().iter().any(|pixel| pixel.alpha() > 0)
        });
        if seen { Ok(()) } else { Err(self.error_in(href.range(), TemplateProblem::Picture)) }
    }

    /// Where something stands whose groups are moved.
    fn moved(
        &self,
        node: Node,
        own: &Inherited,
        x: Option<Length>,
        y: Option<Length>,
    ) -> Result<(Length, Length), LoadTemplateError> {
        let (dx, dy) = own.shift.ok_or_else(|| self.error(node, TemplateProblem::Transform))?;
        let (mut x, mut y) = (x.unwrap_or(Length::ZERO), y.unwrap_or(Length::ZERO));
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
        let (x, y) = self.moved(node, own, self.length(node, "x")?, self.length(node, "y")?)?;
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

    /// The texts of an element: one for each place at which its spans stand, since drawing programs give every line of a
    /// text a span with a place of its own.
    fn texts(&self, node: Node, own: &Inherited) -> Result<Vec<Text>, LoadTemplateError> {
        let mut rows =
            vec![Placed { x: self.length(node, "x")?, y: self.length(node, "y")?, runs: Vec::new() }];
        self.place(node, own, &mut rows)?;
        for row in &mut rows {
            collapse(&mut row.runs);
        }
        if rows.len() > 1 {
            rows.retain(|row| !row.runs.is_empty());
        }
        rows.into_iter().map(|row| self.text(node, own, row)).collect()
    }

    /// Puts the words of a text, or of a span in it, behind those that are there.
    fn place(&self, node: Node, own: &Inherited, rows: &mut Vec<Placed>) -> Result<(), LoadTemplateError> {
        let add = |run: Run, rows: &mut Vec<Placed>| {
            if let Some(last) = rows.last_mut() {
                last.runs.push(run);
            }
        };
        let english = self.english(node);
        let says_own = english.is_none();
        if let Some((text, range)) = english {
            add(self.run(node, own, text, range)?, rows);
        }
        for child in node.children() {
            match child.node_type() {
                NodeType::Text if says_own => {
                    let text = child.text().unwrap_or_default();
                    // Line breaks between spans are the file's, not the label's.
                    if !(text.trim().is_empty() && text.contains('\n')) {
                        add(self.run(node, own, text, child.range())?, rows);
                    }
                }
                NodeType::Element => self.span(child, own, says_own, rows)?,
                NodeType::Text | NodeType::Comment | NodeType::PI | NodeType::Root => {}
            }
        }
        Ok(())
    }

    fn text(&self, node: Node, own: &Inherited, row: Placed) -> Result<Text, LoadTemplateError> {
        let runs = row.runs;
        let (x, y) = self.moved(node, own, row.x, row.y)?;
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

    /// A span: at a place of its own it begins a text. Where the text is said in English by its owner, it only says where.
    fn span(
        &self,
        node: Node,
        from: &Inherited,
        says: bool,
        rows: &mut Vec<Placed>,
    ) -> Result<(), LoadTemplateError> {
        let name = node.tag_name().name();
        if name != "tspan" || node.tag_name().namespace() != Some(SVG) {
            return Err(self.error(node, TemplateProblem::Element(name.to_owned())));
        }
        for barred in ["dy", "transform", "data-if"] {
            if let Some(value) = node.attribute(barred) {
                return Err(self.attribute_error(node, barred, value));
            }
        }
        self.check_attributes(node)?;
        let (x, y) = (self.length(node, "x")?, self.length(node, "y")?);
        if let Some(last) = rows.last_mut() {
            let (x, y) = (x.or(last.x), y.or(last.y));
            if last.runs.is_empty() || (!says && (last.x, last.y) == (None, None)) {
                (last.x, last.y) = (x, y);
            } else if says && (x, y) != (last.x, last.y) {
                rows.push(Placed { x, y, runs: Vec::new() });
            }
        }
        if !says {
            return Ok(());
        }
        let own = self.inherit(node, from)?;
        let first = rows.last().map_or(0, |row| row.runs.len());
        self.place(node, &own, rows)?;
        let gap = self.number(node, "dx")?.unwrap_or(0.0);
        if let Some(run) = rows.last_mut().and_then(|row| row.runs.get_mut(first)) {
            run.gap = gap;
        }
        Ok(())
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

/// The ids in `url(#id)`, of an attribute or of a style.
fn pointed_to(value: &str) -> impl Iterator<Item = &str> {
    value.split("url(").skip(1).filter_map(|rest| {
        let inner = rest.split(')').next()?.trim().trim_matches(['"', '\'']);
        inner.strip_prefix('#')
    })
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
