package io.milepost.config.kube;

import java.util.Locale;
import java.util.Map;

/** What istiod refuses in an HTTP entry: combinations that contradict each other. */
final class VirtualServiceChecks {
    private VirtualServiceChecks() {}

    static void entry(HttpEntry http) {
        Fields own = http.own();
        if (own.has("redirect") && own.has("route")) {
            own.error("redirect", "is not possible beside route: remove one of them");
        }
        if (own.has("directResponse") && (own.has("route") || own.has("redirect"))) {
            own.error("directResponse", "is not possible beside route or redirect: keep one of them");
        }
        if (own.has("redirect") && http.has("fault")) {
            http.holding("fault").error("fault", "is not possible beside redirect: remove one of them");
        }
        if (own.has("redirect") && http.has("rewrite")) {
            http.holding("rewrite").error("rewrite", "is not possible beside redirect: write the path to the redirect");
        }
        if (http.at("rewrite").has("authority") && setsHost(http.at("headers").at("request"))) {
            http.holding("rewrite").error("rewrite", "and headers.request both set the host: remove one of them");
        }
    }

    private static boolean setsHost(Fields request) {
        return isHost(request.map("set")) || isHost(request.map("add"));
    }

    private static boolean isHost(Map<String, String> headers) {
        return headers.keySet().stream()
                .map(k -> k.toLowerCase(Locale.ROOT))
                .anyMatch(k -> k.equals("host") || k.equals(":authority"));
    }
}
