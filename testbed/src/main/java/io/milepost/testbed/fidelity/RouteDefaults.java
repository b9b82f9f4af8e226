package io.milepost.testbed.fidelity;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the API server fills into Gateway API objects before anybody sees them (defaults of the CRDs, Gateway API v1.6). */
final class RouteDefaults {
    private record Default(String path, Object value) {}

    private static final Map<String, List<Default>> DEFAULTS = defaults();

    private RouteDefaults() {}

    /** One YAML document, with the defaults filled in if it is a route of the Gateway API (any other document as it was). */
    static String apply(String document) {
        Map<String, Object> o = Yamls.map(Yamls.load(document));
        List<Default> defaults = DEFAULTS.get(Yamls.text(o.get("kind")));
        if (defaults == null || !Yamls.text(o.get("apiVersion")).startsWith("gateway.networking.k8s.io/")) {
            return document;
        }
        for (Default d : defaults) {
            put(o, d.path(), d.value());
        }
        return Yamls.dump(o);
    }

    @SuppressWarnings("unchecked")
    private static void put(Object target, String path, Object value) {
        if (!(target instanceof Map<?, ?> raw)) {
            return;
        }
        Map<String, Object> map = (Map<String, Object>) raw;
        int dot = path.indexOf('.');
        String head = dot < 0 ? path : path.substring(0, dot);
        boolean each = head.endsWith("[]");
        String name = each ? head.substring(0, head.length() - 2) : head;
        Object there = map.get(name);
        if (dot < 0) {
            if (there == null) {
                map.put(name, Yamls.copy(value));
            }
        } else if (each) {
            Yamls.list(there).forEach(e -> put(e, path.substring(dot + 1), value));
        } else if (there != null) {
            put(there, path.substring(dot + 1), value);
        }
    }

    private static Map<String, List<Default>> defaults() {
        List<Default> parent = List.of(
                new Default("spec.parentRefs[].group", "gateway.networking.k8s.io"),
                new Default("spec.parentRefs[].kind", "Gateway"));
        Map<String, Object> slash = new LinkedHashMap<>();
        slash.put("type", "PathPrefix");
        slash.put("value", "/");
        List<Object> matches = List.of(Map.of("path", slash));

        List<Default> rule = new ArrayList<>(parent);
        backends(rule, "spec.rules[]");
        List<Default> grpc = new ArrayList<>();
        grpc.add(new Default("spec.rules[].matches[].method.type", "Exact"));
        filters(rule, "spec.rules[].filters");
        filters(rule, "spec.rules[].backendRefs[].filters");
        rule.add(new Default("spec.rules[].matches[].headers[].type", "Exact"));
        rule.add(new Default("spec.rules[].sessionPersistence.type", "Cookie"));
        for (Default d : rule) {
            if (!d.path().contains("Redirect")
                    && !d.path().contains("cors")
                    && !d.path().contains("externalAuth")) {
                grpc.add(d);
            }
        }
        List<Default> http = new ArrayList<>(List.of(
                new Default("spec.rules", List.of(Map.of("matches", matches))),
                new Default("spec.rules[].matches", matches),
                new Default("spec.rules[].matches[].path", slash),
                new Default("spec.rules[].matches[].path.type", "PathPrefix"),
                new Default("spec.rules[].matches[].path.value", "/"),
                new Default("spec.rules[].matches[].queryParams[].type", "Exact")));
        http.addAll(rule);
        List<Default> stream = new ArrayList<>(parent);
        backends(stream, "spec.rules[]");
        return Map.of("HTTPRoute", http, "GRPCRoute", grpc, "TCPRoute", stream, "TLSRoute", stream);
    }

    private static void backends(List<Default> out, String at) {
        out.add(new Default(at + ".backendRefs[].weight", 1));
        out.add(new Default(at + ".backendRefs[].group", ""));
        out.add(new Default(at + ".backendRefs[].kind", "Service"));
    }

    private static void filters(List<Default> out, String at) {
        out.add(new Default(at + "[].requestMirror.fraction.denominator", 100));
        out.add(new Default(at + "[].requestRedirect.statusCode", 302));
        out.add(new Default(at + "[].cors.maxAge", 5));
        for (String backend : List.of("requestMirror", "externalAuth")) {
            out.add(new Default(at + "[]." + backend + ".backendRef.group", ""));
            out.add(new Default(at + "[]." + backend + ".backendRef.kind", "Service"));
        }
    }
}
