//! Clearing: every key of a prefix, found by scanning, judged by a script as it is removed.

use std::fmt;

use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{RoutingInfo, SingleNodeRoutingInfo};
use redis::{Cmd, FromRedisValue, Pipeline, RedisError, cmd};

use super::Redis;
use super::cluster::Cluster;
use super::place::Place;
use super::script::{Call, INVALIDATE_ALL};
use super::server::Server;
use super::wire::Wire;
use crate::error::{Error, ErrorKind, Result};

/// How many keys a step looks at, which the server spends on nothing else.
const BATCH: usize = 500;

type Page = (Vec<u8>, Vec<Vec<u8>>);

pub(super) async fn clear(redis: &Redis, prefix: &str) -> Result<()> {
    let pattern = glob(prefix);
    match redis.links.place() {
        Place::Cluster(cluster) => clear_cluster(redis, cluster, &pattern).await,
        _ => clear_server(redis, &pattern).await,
    }
}

async fn clear_server(redis: &Redis, pattern: &str) -> Result<()> {
    let mut cursor = Vec::from(*b"0");
    loop {
        let (next, keys): Page = redis.query(&scan(&cursor, pattern)).await?;
        let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        if !keys.is_empty() {
            let (script, arguments) = (&*INVALIDATE_ALL, &[][..]);
            redis.call::<i64>(Call { script, keys: &keys, arguments }).await?;
        }
        if next == b"0" {
            return Ok(());
        }
        cursor = next;
    }
}

/// Each primary after the other, and once more: while slots move, a key may pass from a node that is yet
/// to be scanned to one that has been.
async fn clear_cluster(redis: &Redis, cluster: &Cluster, pattern: &str) -> Result<()> {
    let connection = redis.links.connection().await?;
    let Wire::Cluster(mut wire) = connection.redis.clone() else {
        return Ok(());
    };
    for _ in 0..2 {
        let layout = cluster.layout().await.map_err(|refusal| unavailable(&refusal))?;
        for (host, port) in layout.serving() {
            let node = SingleNodeRoutingInfo::ByAddress { host: host.clone(), port: *port };
            let cleared = clear_node(&mut wire, &node, pattern).await;
            cleared.map_err(|error| connection.failed(error))?;
        }
        for node in cluster.servers(layout.waiting()).map_err(|refusal| unavailable(&refusal))? {
            expect_none(&node, pattern).await?;
        }
    }
    Ok(())
}

/// Makes sure that a node without slots has no key that is ahead of its slot, and that nobody may remove
/// there.
async fn expect_none(node: &Server, pattern: &str) -> Result<()> {
    let mut connection = node.connect(|| {}).await.map_err(|refusal| unavailable(&refusal))?;
    let mut cursor = Vec::from(*b"0");
    loop {
        let page = scan(&cursor, pattern).query_async::<Page>(&mut connection).await;
        let (next, keys) = page.map_err(|error| unavailable(&error))?;
        if !keys.is_empty() {
            return Err(unavailable(&"keys are on their way to a primary that has no slots yet"));
        }
        if next == b"0" {
            return Ok(());
        }
        cursor = next;
    }
}

fn unavailable(reason: &dyn fmt::Display) -> Error {
    Error::new(ErrorKind::Unavailable, reason.to_string())
}

/// A script's keys are of one slot each, so there is a call for every key, all sent at once.
async fn clear_node(
    wire: &mut ClusterConnection,
    node: &SingleNodeRoutingInfo,
    pattern: &str,
) -> Result<(), RedisError> {
    let mut cursor = Vec::from(*b"0");
    loop {
        let route = RoutingInfo::SingleNode(node.clone());
        let page = wire.route_command(scan(&cursor, pattern), route).await?;
        let (next, keys) = Page::from_redis_value(page)?;
        if !keys.is_empty() {
            let answers = wire.route_pipeline(removal(&keys), 0, keys.len(), node.clone()).await?;
            for answer in answers {
                answer.extract_error()?;
            }
        }
        if next == b"0" {
            return Ok(());
        }
        cursor = next;
    }
}

fn removal(keys: &[Vec<u8>]) -> Pipeline {
    let mut calls = redis::pipe();
    for key in keys {
        let (script, keys, arguments) = (&*INVALIDATE_ALL, &[key.as_slice()][..], &[][..]);
        calls.add_command(Call { script, keys, arguments }.by_text());
    }
    calls
}

fn scan(cursor: &[u8], pattern: &str) -> Cmd {
    let mut scan = cmd("SCAN");
    scan.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(BATCH);
    scan
}

/// The pattern of the keys that begin with `prefix`.
fn glob(prefix: &str) -> String {
    let mut pattern = String::with_capacity(prefix.len() + 1);
    for c in prefix.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '^' | '-' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('*');
    pattern
}
