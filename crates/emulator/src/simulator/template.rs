//! What a full report of each model looks like at rest: one JSON file per model in `templates/`,
//! with values of our own. `report.rs` writes the living values over it.

use std::sync::OnceLock;

use bambu_protocol::Model;
use serde_json::{Map, Number, Value};

/// A model's full report at rest, without the `print` envelope.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) print: Map<String, Value>,
}

impl Template {
    /// The template of a model, parsed once per process.
    pub(super) fn of(model: Model) -> &'static Self {
        static PARSED: [OnceLock<Template>; Model::ALL.len()] =
            [const { OnceLock::new() }; Model::ALL.len()];
        static NONE: OnceLock<Template> = OnceLock::new();
        let at = Model::ALL.iter().position(|known| *known == model).unwrap_or(0);
        PARSED.get(at).unwrap_or(&NONE).get_or_init(|| Self::parse(text(model)))
    }

    // A template that does not parse would be an empty report; the tests read every one.
    fn parse(text: &str) -> Self {
        let print = match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(mut whole) => match whole.remove("print") {
                Some(Value::Object(print)) => print,
                _ => Map::new(),
            },
            Err(_) => Map::new(),
        };
        Self { print }
    }

    /// The value at rest under a dotted path, where this model has the key.
    pub(super) fn at_rest(&self, path: &str) -> Option<&Value> {
        let mut keys = path.split('.');
        let first = self.print.get(keys.next()?)?;
        keys.try_fold(first, |value, key| value.get(key))
    }

    /// `value` with the JSON type that this model uses under `path`; `None` where it has no such key.
    pub(super) fn shaped(&self, path: &str, value: Value) -> Option<Value> {
        let shape = self.at_rest(path)?;
        Some(match (shape, &value) {
            (Value::Number(shape), Value::Number(number)) => {
                let number = number.as_f64().unwrap_or(0.0);
                if shape.is_f64() {
                    Number::from_f64(number).map_or(Value::Null, Value::Number)
                } else {
                    Value::from(number.round() as i64)
                }
            }
            (Value::String(_), Value::Number(number)) => Value::String(number.to_string()),
            _ => value,
        })
    }
}

/// Puts a value under a dotted path, making objects on the way.
pub(super) fn put(print: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            print.insert(path.to_owned(), value);
        }
        Some((first, rest)) => {
            let inner = print.entry(first).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

fn text(model: Model) -> &'static str {
    match model {
        Model::X1C => include_str!("templates/x1c.json"),
        Model::X1 => include_str!("templates/x1.json"),
        Model::X1E => include_str!("templates/x1e.json"),
        Model::P1P => include_str!("templates/p1p.json"),
        Model::P1S => include_str!("templates/p1s.json"),
        Model::P2S => include_str!("templates/p2s.json"),
        Model::X2D => include_str!("templates/x2d.json"),
        Model::A1Mini => include_str!("templates/a1-mini.json"),
        Model::A1 => include_str!("templates/a1.json"),
        Model::A2L => include_str!("templates/a2l.json"),
        Model::H2D => include_str!("templates/h2d.json"),
        Model::H2DPro => include_str!("templates/h2d-pro.json"),
        Model::H2S => include_str!("templates/h2s.json"),
        Model::H2C => include_str!("templates/h2c.json"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_has_a_template_that_parses() {
        for model in Model::ALL {
            let template = Template::of(model);
            assert!(template.at_rest("gcode_state").is_some(), "{model}");
            assert!(template.at_rest("ams.ams").is_some(), "{model}");
        }
    }

    #[test]
    fn a_value_takes_the_type_that_the_model_uses() {
        let p1s = Template::of(Model::P1S);
        assert_eq!(p1s.shaped("bed_temper", 60.into()), Some(60.0.into()));
        assert_eq!(p1s.shaped("bed_target_temper", 60.0.into()), Some(60.into()));
        assert_eq!(p1s.shaped("device.bed.info.temp", 60.into()), None);
    }
}
