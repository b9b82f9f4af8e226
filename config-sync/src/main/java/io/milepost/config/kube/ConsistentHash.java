package io.milepost.config.kube;

import io.milepost.mesh.Cluster.LoadBalancer;
import io.milepost.mesh.Cluster.LoadBalancer.Policy;
import io.milepost.mesh.RouteAction.HashPolicy;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** {@code loadBalancer.consistentHash}: where the key comes from, and the table that it is looked up in. */
final class ConsistentHash {
    private static final int DEFAULT_RING = 1024;
    private static final long MAX_RING = 8_388_608;
    private static final int DEFAULT_TABLE = 65_537;
    private static final int MAX_TABLE = 5_000_011;

    private ConsistentHash() {}

    /** @param balancer {@code loadBalancer}; empty when nobody wrote one */
    static List<HashPolicy> keys(Optional<Fields> balancer) {
        Optional<Fields> hash = balancer.flatMap(l -> l.maybe("consistentHash"));
        if (hash.isEmpty()) {
            return List.of();
        }
        Fields h = hash.get();
        if (h.has("httpHeaderName")) {
            return List.of(new HashPolicy.Header(h.text("httpHeaderName", "").toLowerCase(Locale.ROOT)));
        }
        if (h.has("httpCookie")) {
            return List.of(cookie(h.at("httpCookie")));
        }
        if (h.has("httpQueryParameterName")) {
            return List.of(new HashPolicy.QueryParameter(h.text("httpQueryParameterName", "")));
        }
        return h.bool("useSourceIp", false) ? List.of(new HashPolicy.SourceIp()) : List.of();
    }

    private static HashPolicy cookie(Fields c) {
        List<String> attributes = new ArrayList<>();
        for (Fields a : c.list("attributes")) {
            String value = a.text("value", "");
            attributes.add(value.isEmpty() ? a.required("name") : a.required("name") + "=" + value);
        }
        return new HashPolicy.Cookie(
                c.required("name"),
                c.has("ttl") ? Optional.of(c.millis("ttl", 0) / 1000) : Optional.empty(),
                c.text("path", ""),
                attributes);
    }

    static LoadBalancer balancer(Fields h, boolean localityWeighted) {
        if (h.has("maglev")) {
            Fields maglev = h.at("maglev");
            int size = maglev.integer("tableSize", DEFAULT_TABLE);
            if (size != 0 && (size > MAX_TABLE || !BigInteger.valueOf(size).isProbablePrime(50))) {
                maglev.error(
                        "tableSize", size + " is not a prime number up to " + MAX_TABLE + ": use " + DEFAULT_TABLE);
            }
            long used = size <= 0 ? DEFAULT_TABLE : size;
            return new LoadBalancer(
                    Policy.MAGLEV, Optional.of(new LoadBalancer.Ring(used, used)), Optional.empty(), localityWeighted);
        }
        int minimum =
                h.has("ringHash") ? h.at("ringHash").integer("minimumRingSize", 0) : h.integer("minimumRingSize", 0);
        return new LoadBalancer(
                Policy.RING_HASH,
                Optional.of(new LoadBalancer.Ring(minimum > 0 ? minimum : DEFAULT_RING, MAX_RING)),
                Optional.empty(),
                localityWeighted);
    }
}
