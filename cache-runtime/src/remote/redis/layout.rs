//! Who the primaries of a cluster are, in the eyes of one of its nodes.

use std::collections::{BTreeSet, HashMap};

use redis::aio::MultiplexedConnection;
use redis::{FromRedisValue, RedisError, Value, pipe};

use super::server::Server;

pub(super) type Address = (String, u16);

type Fields = HashMap<String, Value>;

/// The addresses of the primaries. Which slots each has is up to the client: wherever a key moves
/// among them, one tells of its changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    serving: BTreeSet<Address>,
    /// Those without slots. Keys may be ahead of the first slot that is on its way to one.
    waiting: BTreeSet<Address>,
}

impl Layout {
    /// Asks `node` by a connection to it.
    pub(super) async fn seen_by(
        node: &Server,
        connection: &mut MultiplexedConnection,
    ) -> Result<Self, RedisError> {
        let mut questions = pipe();
        questions.cmd("CLUSTER").arg("SLOTS").cmd("CLUSTER").arg("SHARDS");
        let (slots, shards) = questions.query_async::<(Vec<_>, _)>(connection).await?;
        Self::read(&slots, shards, node)
    }

    /// `CLUSTER SLOTS` names who serves, well or not; `CLUSTER SHARDS` all nodes.
    fn read(slots: &[Value], shards: Vec<Fields>, asked: &Server) -> Result<Self, RedisError> {
        let mut layout = Self { serving: BTreeSet::new(), waiting: BTreeSet::new() };
        let mut known = BTreeSet::new();
        for range in slots {
            if let Some((id, address)) = primary_of(range, asked) {
                known.insert(id);
                layout.serving.insert(address);
            }
        }
        for nodes in shards.into_iter().filter_map(|mut shard| shard.remove("nodes")) {
            for node in Vec::<Fields>::from_redis_value(nodes)? {
                if let Some((id, address)) = well_primary(&node, asked)
                    && !known.contains(id)
                {
                    layout.waiting.insert(address);
                }
            }
        }
        Ok(layout)
    }

    /// Those that serve slots.
    pub(super) fn serving(&self) -> &BTreeSet<Address> {
        &self.serving
    }

    /// Those that have none yet.
    pub(super) fn waiting(&self) -> &BTreeSet<Address> {
        &self.waiting
    }

    /// All of them.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.serving.union(&self.waiting)
    }

    /// Whether all that `seen` names are among these.
    pub(super) fn covers(&self, seen: &Self) -> bool {
        let known = |it| self.serving.contains(it) || self.waiting.contains(it);
        seen.addresses().all(known)
    }
}

/// A range is its first slot, its last one, the primary, and replicas.
fn primary_of<'a>(range: &'a Value, asked: &Server) -> Option<(&'a [u8], Address)> {
    let Value::Array(range) = range else { return None };
    let Value::Array(node) = range.get(2)? else { return None };
    let [host, port, Value::BulkString(id), ..] = &node[..] else { return None };
    Some((id, address(host, port, asked)?))
}

/// A primary that is down and serves nothing is not waited for.
fn well_primary<'a>(node: &'a Fields, asked: &Server) -> Option<(&'a [u8], Address)> {
    let says = |field, what: &str| node.get(field) == Some(&Value::BulkString(what.into()));
    if !says("role", "master") || !says("health", "online") {
        return None;
    }
    let Value::BulkString(id) = node.get("id")? else { return None };
    let tls_port = node.get("tls-port").filter(|_| asked.speaks_tls());
    let port = tls_port.or_else(|| node.get("port"))?;
    Some((id, address(node.get("endpoint")?, port, asked)?))
}

/// A node may not know its own name, or not tell any.
fn address(host: &Value, port: &Value, asked: &Server) -> Option<Address> {
    let host = match host {
        Value::BulkString(host) if !matches!(&host[..], b"" | b"?") => {
            String::from_utf8_lossy(host).into_owned()
        }
        _ => asked.host()?,
    };
    let Value::Int(port) = port else { return None };
    Some((host, u16::try_from(*port).ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn text(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    /// A node of `CLUSTER SLOTS`.
    fn range(id: &str, host: Value, port: i64) -> Value {
        let node = Value::Array(vec![host, Value::Int(port), text(id), Value::Array(Vec::new())]);
        Value::Array(vec![Value::Int(0), Value::Int(9), node])
    }

    /// A node of `CLUSTER SHARDS`, on port 1 or, by TLS, 2.
    fn node(id: &str, endpoint: Value, role: &str, health: &str) -> Vec<(Value, Value)> {
        vec![
            (text("id"), text(id)),
            (text("port"), Value::Int(1)),
            (text("tls-port"), Value::Int(2)),
            (text("ip"), text("10.0.0.1")),
            (text("endpoint"), endpoint),
            (text("role"), text(role)),
            (text("replication-offset"), Value::Int(0)),
            (text("health"), text(health)),
        ]
    }

    fn resp3(fields: Vec<(Value, Value)>) -> Value {
        Value::Map(fields)
    }

    fn resp2(fields: Vec<(Value, Value)>) -> Value {
        Value::Array(fields.into_iter().flat_map(|(name, value)| [name, value]).collect())
    }

    type Shape = fn(Vec<(Value, Value)>) -> Value;

    const SHAPES: [Shape; 2] = [resp2, resp3];

    /// All in one shard, as Redis 7.2 has them after a failover.
    fn shards(shape: Shape, nodes: &[Vec<(Value, Value)>]) -> Vec<Fields> {
        let nodes = nodes.iter().cloned().map(shape).collect();
        let slots = (text("slots"), Value::Array(Vec::new()));
        let shard = shape(vec![slots, (text("nodes"), Value::Array(nodes))]);
        FromRedisValue::from_redis_value(Value::Array(vec![shard])).unwrap()
    }

    fn asked() -> Server {
        Server::parse("redis://asked:7").unwrap()
    }

    fn set<const N: usize>(addresses: [(&str, u16); N]) -> BTreeSet<Address> {
        addresses.map(|(host, port)| (host.to_owned(), port)).into()
    }

    #[test]
    fn primaries_without_slots_are_known_and_those_with_slots_are_not_among_them() {
        for shape in SHAPES {
            let slots = vec![range("a", text("a"), 7), range("b", text("b"), 7)];
            let shards = shards(
                shape,
                &[
                    node("a", text("elsewhere"), "master", "online"),
                    node("b", text("b"), "master", "fail"),
                    node("c", text("c"), "master", "online"),
                    node("d", text("d"), "replica", "online"),
                    node("e", text("e"), "master", "fail"),
                    node("f", text("f"), "master", "loading"),
                ],
            );
            let layout = Layout::read(&slots, shards, &asked()).unwrap();
            assert_eq!(layout.serving, set([("a", 7), ("b", 7)]));
            assert_eq!(layout.waiting, set([("c", 1)]));
        }
    }

    #[test]
    fn who_has_no_name_is_where_it_was_asked() {
        for (shape, nameless) in SHAPES.into_iter().zip([Value::Nil, text("")]) {
            for nameless in [nameless, text("?")] {
                let slots = vec![range("a", nameless.clone(), 7)];
                let shards = shards(shape, &[node("b", nameless, "master", "online")]);
                let layout = Layout::read(&slots, shards, &asked()).unwrap();
                assert_eq!(layout.serving, set([("asked", 7)]));
                assert_eq!(layout.waiting, set([("asked", 1)]));
            }
        }
    }

    #[cfg(feature = "redis-tls")]
    #[test]
    fn by_tls_it_is_another_port_where_there_is_one() {
        let asked = Server::parse("rediss://asked:7").unwrap();
        let both = node("a", text("a"), "master", "online");
        let mut one = node("b", text("b"), "master", "online");
        one.retain(|(name, _)| *name != text("tls-port"));
        for shape in SHAPES {
            let shards = shards(shape, &[both.clone(), one.clone()]);
            let layout = Layout::read(&[], shards, &asked).unwrap();
            assert_eq!(layout.waiting, set([("a", 2), ("b", 1)]));
        }
    }

    #[test]
    fn who_gets_its_first_slot_or_loses_its_last_is_covered_and_who_is_new_is_not() {
        let before = Layout { serving: set([("a", 1), ("b", 1)]), waiting: set([("c", 1)]) };
        let after = Layout { serving: set([("a", 1), ("c", 1)]), waiting: set([("b", 1)]) };
        assert!(before.covers(&after) && after.covers(&before));
        let fewer = Layout { serving: set([("a", 1)]), waiting: set([]) };
        assert!(before.covers(&fewer));
        assert!(!fewer.covers(&before));
    }
}
