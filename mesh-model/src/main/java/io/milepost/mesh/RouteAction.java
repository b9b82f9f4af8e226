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
     * @param session keeps a client on the endpoint that it met first (Gateway API; Istio has none)
     */
    record Forward(
            List<Backend> backends,
            boolean weighted,
            int missingClusterStatus,
            Optional<Rewrite> rewrite,
            Timeouts timeouts,
            RetryPolicy retry,
            List<Mirror> mirrors,
            List<HashPolicy> hashPolicies,
            Optional<SessionPersistence> session)
            implements RouteAction {
        /** Without session persistence. */
        public Forward(
                List<Backend> backends,
                boolean weighted,
                int missingClusterStatus,
                Optional<Rewrite> rewrite,
                Timeouts timeouts,
                RetryPolicy retry,
                List<Mirror> mirrors,
                List<HashPolicy> hashPolicies) {
            this(
                    backends,
                    weighted,
                    missingClusterStatus,
                    rewrite,
                    timeouts,
                    retry,
                    mirrors,
                    hashPolicies,
                    Optional.empty());
        }

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
     * @param own what else is done with requests for this backend only (filters of a backendRef; Istio has none)
     */
    record Backend(
            String cluster,
            int weight,
            HeaderMutations requestHeaders,
            HeaderMutations responseHeaders,
            Optional<String> hostRewrite,
            Optional<BackendAction> own) {
        public Backend(
                String cluster,
                int weight,
                HeaderMutations requestHeaders,
                HeaderMutations responseHeaders,
                Optional<String> hostRewrite) {
            this(cluster, weight, requestHeaders, responseHeaders, hostRewrite, Optional.empty());
        }

        public Backend(String cluster, int weight) {
            this(cluster, weight, HeaderMutations.NONE, HeaderMutations.NONE, Optional.empty());
        }
    }

    /**
     * @param answer instead of forwarding: a redirect, or the error for a filter that nobody serves
     * @param rewrite instead of the rule's
     * @param mirrors besides the rule's
     */
    record BackendAction(Optional<RouteAction> answer, Optional<Rewrite> rewrite, List<Mirror> mirrors) {
        public BackendAction {
            mirrors = List.copyOf(mirrors);
        }
    }

    /**
     * The first answer of a session names its endpoint in an opaque token; requests with the token go there while that
     * endpoint is healthy, and to another one (with a new token) otherwise.
     *
     * @param cookie in a cookie, otherwise in a header
     * @param name of the cookie or header
     * @param path of the cookie; empty for none
     * @param permanent whether a cookie outlives the browser's session; its age is {@code absoluteMillis}
     * @param absoluteMillis an older token counts no more; 0 is none
     * @param idleMillis a token that was not used for longer counts no more; 0 is none
     */
    record SessionPersistence(
            boolean cookie, String name, String path, boolean permanent, long absoluteMillis, long idleMillis) {}

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
