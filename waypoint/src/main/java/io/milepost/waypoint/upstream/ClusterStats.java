package io.milepost.waypoint.upstream;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.ObjLongConsumer;

/** Counters of one cluster, named as Envoy names them below {@code cluster.NAME.}. Written by all event loops. */
public final class ClusterStats {
    final LongAdder connections = new LongAdder();
    final LongAdder connectFailures = new LongAdder();
    final LongAdder connectTimeouts = new LongAdder();
    final LongAdder connectionOverflow = new LongAdder();
    final LongAdder connectionMaxRequests = new LongAdder();
    final LongAdder connectionMaxDuration = new LongAdder();
    final LongAdder connectionIdleTimeout = new LongAdder();
    final LongAdder requests = new LongAdder();
    final LongAdder requestOverflow = new LongAdder();
    final LongAdder pendingOverflow = new LongAdder();
    final LongAdder retries = new LongAdder();
    final LongAdder retryOverflow = new LongAdder();
    final LongAdder retriesAbandoned = new LongAdder();
    final LongAdder poolRetries = new LongAdder();
    final LongAdder ejections = new LongAdder();
    final LongAdder ejectionOverflow = new LongAdder();
    final LongAdder noHealthyHost = new LongAdder();
    final LongAdder panicPicks = new LongAdder();
    final LongAdder lookups = new LongAdder();
    final LongAdder lookupFailures = new LongAdder();
    final LongAdder waitOverflow = new LongAdder();
    final LongAdder destinationOverflow = new LongAdder();
    final LongAdder tlsFailures = new LongAdder();

    ClusterStats() {}

    /** A request left a connection that its endpoint had closed while it was idle. */
    public void movedOn() {
        poolRetries.increment();
    }

    /** A body, or what a mirror still had to send, became too much to be kept. */
    public void retryAbandoned() {
        retriesAbandoned.increment();
    }

    /** Names of all counters. */
    public static List<String> names() {
        List<String> all = new ArrayList<>();
        new ClusterStats().forEach((name, n) -> all.add(name));
        return all;
    }

    /** All counters; names are Envoy's where Envoy has the counter. */
    public void forEach(ObjLongConsumer<String> to) {
        to.accept("upstream_cx_total", connections.sum());
        to.accept("upstream_cx_connect_fail", connectFailures.sum());
        to.accept("upstream_cx_connect_timeout", connectTimeouts.sum());
        to.accept("upstream_cx_overflow", connectionOverflow.sum());
        to.accept("upstream_cx_max_requests", connectionMaxRequests.sum());
        to.accept("upstream_cx_max_duration_reached", connectionMaxDuration.sum());
        to.accept("upstream_cx_idle_timeout", connectionIdleTimeout.sum());
        to.accept("upstream_rq_total", requests.sum());
        to.accept("upstream_rq_active_overflow", requestOverflow.sum());
        to.accept("upstream_rq_pending_overflow", pendingOverflow.sum());
        to.accept("upstream_rq_retry", retries.sum());
        to.accept("upstream_rq_retry_overflow", retryOverflow.sum());
        to.accept("retry_or_shadow_abandoned", retriesAbandoned.sum());
        to.accept("upstream_rq_pool_retry", poolRetries.sum());
        to.accept("outlier_detection.ejections_enforced_total", ejections.sum());
        to.accept("outlier_detection.ejections_overflow", ejectionOverflow.sum());
        to.accept("upstream_cx_none_healthy", noHealthyHost.sum());
        to.accept("lb_healthy_panic", panicPicks.sum());
        to.accept("update_attempt", lookups.sum());
        to.accept("update_failure", lookupFailures.sum());
        to.accept("dns_wait_overflow", waitOverflow.sum());
        to.accept("dns_cache_overflow", destinationOverflow.sum());
        to.accept("ssl.connection_error", tlsFailures.sum());
    }
}
