package io.milepost.config.kube;

import java.util.Locale;

/** Who decides where istiod and the specification of the Gateway API disagree. */
public enum GatewayApiMode {
    /** As istiod does it (recorded); the default. */
    ISTIO,
    /** As the specification says. */
    STRICT;

    /** Parses {@code istio} or {@code strict}. */
    public static GatewayApiMode parse(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "istio" -> ISTIO;
            case "strict" -> STRICT;
            default ->
                throw new IllegalArgumentException(
                        "'" + text + "' is no mode of the Gateway API: write istio or strict");
        };
    }

    boolean strict() {
        return this == STRICT;
    }
}
