package io.milepost.mesh;

import java.util.List;
import java.util.Optional;

/** What is done with a request that a rule matched. */
public sealed interface RouteAction {

    /**
     * Sends it to one of several clusters.
     *
     * @param backends at least one; weights of a single one are ignored
     * @param weighted whether the backends came as a weighted list: their header changes are then applied before the
     *     rule's, otherwise after (recorded from Envoy)
     * @param missingClusterStatus answer when the cluster does not exist: 500 for Gateway API, 503 for VirtualService
     */
    record Forward(
            List<Backend> backends,
            boolean weighted,
            int missingClusterStatus,
            Optional<Rewrite> rewrite,
            Timeouts timeouts,
            RetryPolicy retry,
            List<Mirror> mirrors,
            List<HashPolicy> hashPolicies)
            implements RouteAction {
        public Forward {
            backends = List.copyOf(backends);
            mirrors = List.copyOf(mirrors);
            hashPolicies = List.copyOf(hashPolicies);
            if (backends.isEmpty()) {
                throw new IllegalArgumentException("a forward action needs a backend");
            }
        }
    }

    /**
     * @param scheme, host, path empty where the request's is kept
     * @param port 0 keeps the request's
     * @param path replaces the whole path (with an own query it drops the request's)
     * @param prefixRewrite replaces the matched prefix instead of the whole path
     */
    record Redirect(
            int status,
            Optional<String> scheme,
            Optional<String> host,
            int port,
            Optional<String> path,
            Optional<String> prefixRewrite,
            Optional<RegexRewrite> regexRewrite,
            boolean stripQuery)
            implements RouteAction {}

    /** Answers by itself. */
    record DirectReply(int status, String body) implements RouteAction {}

    /**
     * One destination of a rule.
     *
     * @param cluster its {@link Cluster#name()}; it need not exist
     * @param hostRewrite literal authority, applied for this backend only
     */
    record Backend(
            String cluster,
            int weight,
            HeaderMutations requestHeaders,
            HeaderMutations responseHeaders,
            Optional<String> hostRewrite) {
        public Backend(String cluster, int weight) {
            this(cluster, weight, HeaderMutations.NONE, HeaderMutations.NONE, Optional.empty());
        }
    }

    /** At most one of prefix and regex is given. */
    record Rewrite(Optional<String> prefix, Optional<RegexRewrite> regex, Optional<String> host) {}

    /** RE2 substitution of all occurrences; {@code \1} names groups. */
    record RegexRewrite(String pattern, String substitution) {}

    /** Milliseconds; 0 is none. {@code maxGrpcMillis} caps {@code grpc-timeout}; -1 ignores it, 0 is no cap. */
    record Timeouts(long requestMillis, long maxGrpcMillis) {
        public static final Timeouts NONE = new Timeouts(0, 0);
    }

    record Mirror(String cluster, int perMillion) {}

    /** Where the consistent-hash key comes from; the first that yields one wins when {@code terminal}. */
    sealed interface HashPolicy {
        record Header(String name) implements HashPolicy {}

        record Cookie(String name, Optional<Long> ttlSeconds, String path, List<String> attributes)
                implements HashPolicy {}

        record SourceIp() implements HashPolicy {}

        record QueryParameter(String name) implements HashPolicy {}
    }
}
