package io.milepost.config.kube;

import io.milepost.mesh.RetryPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Retry policies of both APIs. */
final class Retries {
    private static final Set<String> KNOWN = Set.of(
            "5xx",
            "gateway-error",
            "reset",
            "reset-before-request",
            "connect-failure",
            "envoy-ratelimited",
            "retriable-4xx",
            "refused-stream",
            "retriable-status-codes",
            "retriable-headers",
            "http3-post-connect-failure",
            "cancelled",
            "deadline-exceeded",
            "internal",
            "resource-exhausted",
            "unavailable");

    /** Errors that Go's net/http has a text for: istiod takes other numbers for names of conditions. */
    private static final Set<Integer> NAMED = named();

    private Retries() {}

    private static Set<Integer> named() {
        Set<Integer> out = new TreeSet<>(Set.of(428, 429, 431, 451, 510, 511));
        for (int c = 400; c <= 418; c++) {
            out.add(c);
        }
        for (int c = 421; c <= 426; c++) {
            out.add(c);
        }
        for (int c = 500; c <= 508; c++) {
            out.add(c);
        }
        return out;
    }

    /** HTTPRetry of a VirtualService or the mesh config. */
    static RetryPolicy ofVirtualService(Fields f) {
        int attempts = f.integer("attempts", 0);
        String retryOn = f.text("retryOn", "");
        long perTry = f.millis("perTryTimeout", 0);
        boolean remote = f.bool("retryRemoteLocalities", false);
        boolean avoid = f.bool("retryIgnorePreviousHosts", true);
        long base = f.millis("backoff", 0);
        if (attempts <= 0) {
            return RetryPolicy.NONE;
        }
        Set<String> on = new TreeSet<>();
        List<Integer> codes = new ArrayList<>();
        if (retryOn.isEmpty()) {
            on.addAll(RetryPolicy.ISTIO_DEFAULT.on());
        }
        for (String part : retryOn.split(",", -1)) {
            String p = part.trim();
            if (p.matches("[1-5][0-9]{2}") && NAMED.contains(Integer.parseInt(p))) {
                codes.add(Integer.parseInt(p));
                on.add("retriable-status-codes");
            } else if (KNOWN.contains(p)) {
                on.add(p);
            } else if (!p.isEmpty()) {
                f.error(
                        "retryOn",
                        "'" + p + "' is unknown: use " + String.join(", ", new TreeSet<>(KNOWN))
                                + " or status codes that have a name");
            }
        }
        return new RetryPolicy(
                attempts, on, codes, perTry, base > 0 ? base : 25, base > 0 ? base * 10 : 250, avoid, remote);
    }

    /** The same, without looking for another endpoint. */
    static RetryPolicy anyHost(RetryPolicy p) {
        return new RetryPolicy(
                p.attempts(),
                p.on(),
                p.statusCodes(),
                p.perTryTimeoutMillis(),
                p.backoffBaseMillis(),
                p.backoffMaxMillis(),
                false,
                p.previousPriorities());
    }

    /** The retry block of an HTTPRoute rule. */
    static RetryPolicy ofGateway(Fields f, long perTryMillis) {
        List<Integer> codes = new ArrayList<>();
        for (int c : f.integers("codes")) {
            if (NAMED.contains(c)) {
                codes.add(c);
            } else {
                f.warn("codes", c + " is no status with a name, so istiod does not retry on it: remove it");
            }
        }
        return ofGateway(f, codes, perTryMillis);
    }

    private static RetryPolicy ofGateway(Fields f, List<Integer> codes, long perTryMillis) {
        int attempts = f.integer("attempts", 2);
        long base = f.millis("backoff", 0);
        if (attempts <= 0) {
            return RetryPolicy.NONE;
        }
        Set<String> on = new TreeSet<>(Set.of("connect-failure", "refused-stream", "unavailable", "cancelled"));
        if (!codes.isEmpty()) {
            on.add("retriable-status-codes");
        }
        return new RetryPolicy(
                attempts, on, codes, perTryMillis, base > 0 ? base : 25, base > 0 ? base * 10 : 250, true, false);
    }

    /** As the specification wants it: broken connections and timeouts of single tries count as failures, too. */
    static RetryPolicy ofGatewayStrict(Fields f, long perTryMillis) {
        RetryPolicy p = ofGateway(f, f.integers("codes"), perTryMillis);
        if (p.attempts() <= 0) {
            return p;
        }
        Set<String> on = new TreeSet<>(p.on());
        on.add("reset");
        if (perTryMillis > 0) {
            on.add(RetryPolicy.PER_TRY_TIMEOUT);
        }
        return new RetryPolicy(
                p.attempts(),
                on,
                p.statusCodes(),
                perTryMillis,
                p.backoffBaseMillis(),
                p.backoffMaxMillis(),
                p.avoidPreviousHosts(),
                p.previousPriorities());
    }

    static RetryPolicy withPerTryTimeout(RetryPolicy p, long perTryMillis) {
        return perTryMillis == 0
                ? p
                : new RetryPolicy(
                        p.attempts(),
                        p.on(),
                        p.statusCodes(),
                        perTryMillis,
                        p.backoffBaseMillis(),
                        p.backoffMaxMillis(),
                        p.avoidPreviousHosts(),
                        p.previousPriorities());
    }
}
