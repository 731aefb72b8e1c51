//! Commands about nozzles: the rack of an H2C, and looking at what is mounted.

use serde_json::{Map, Value, json};

use super::{Asked, NONSENSE, Verdict};
use crate::simulator::mainboard::Mainboard;

/// Seconds that the printer looks at its nozzles.
const LOOK: f64 = 20.0;

/// What becomes of one of these commands; `None` for any other.
pub(super) fn judge(board: &mut Mainboard, command: &str, asked: &Asked<'_>) -> Option<Verdict> {
    let life = &mut board.life;
    let rack = life.settings.bit("fun", 60);
    let idle = !life.busy();
    Some(match command {
        "refresh_nozzle" => {
            let able = life.settings.has("device.nozzle.state") && idle;
            if able {
                life.looking = LOOK;
                life.settings.put("device.nozzle.state", 1);
            }
            Verdict::when(able)
        }
        "nozzle_holder_ctrl" => {
            // Position 3 is the centre.
            let position = match asked.whole("action") {
                Some(0) => Some(3),
                Some(1) => Some(1),
                Some(2) => Some(2),
                _ => None,
            };
            let position = position.filter(|_| rack && idle);
            if let Some(position) = position {
                life.settings.put("device.holder.pos", position);
            }
            Verdict::when(position.is_some())
        }
        "nozzle_info_confirm" | "holder_nozzle_refresh" => {
            let place = asked.count("id").filter(|id| matches!(id, 16..=21 | 255));
            let able = place.is_some() && rack && idle;
            if able && command == "holder_nozzle_refresh" {
                life.looking = LOOK;
                life.settings.put("device.nozzle.state", 1);
            }
            Verdict::when(able)
        }
        "get_auto_nozzle_mapping" => mapping(rack, asked),
        _ => return None,
    })
}

/// Gives each group a nozzle: the left one is fixed, the right ones come from the rack.
fn mapping(rack: bool, asked: &Asked<'_>) -> Verdict {
    let groups = asked.objects("group_info").or_else(|| asked.objects("nozzle_info"));
    let Some(groups) = groups.filter(|_| rack) else { return Verdict::Refused(NONSENSE) };
    let mut place = 15;
    let mut each = |group: &Map<String, Value>| {
        if group.get("ext").and_then(Value::as_i64) == Some(2) {
            return 1;
        }
        place = (place + 1).min(21);
        place
    };
    let places: Vec<i32> = groups.into_iter().map(&mut each).collect();
    Verdict::Told(Map::from_iter([("mapping".to_owned(), json!(places))]))
}
