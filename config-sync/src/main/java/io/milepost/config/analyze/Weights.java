package io.milepost.config.analyze;

import com.fasterxml.jackson.databind.JsonNode;
import io.milepost.config.kube.Finding;
import io.milepost.config.kube.KubeObject;
import io.milepost.config.kube.KubeObjects;
import java.util.ArrayList;
import java.util.List;

/** Weights that do not add up. */
final class Weights {
    private Weights() {}

    static List<Finding> check(KubeObjects objects) {
        List<Finding> out = new ArrayList<>();
        for (KubeObject o : objects.ofKind("VirtualService")) {
            for (String section : new String[] {"http", "tcp", "tls"}) {
                JsonNode rules = o.spec().path(section);
                for (int i = 0; i < rules.size(); i++) {
                    percent(o, rules.get(i).path("route"), "spec." + section + "[" + i + "].route", i + 1, out);
                }
            }
        }
        for (String kind : new String[] {"HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute"}) {
            for (KubeObject o : objects.ofKind(kind)) {
                JsonNode rules = o.spec().path("rules");
                for (int i = 0; i < rules.size(); i++) {
                    shares(o, rules.get(i).path("backendRefs"), "spec.rules[" + i + "].backendRefs", i + 1, out);
                }
            }
        }
        return out;
    }

    private static long sum(JsonNode list, int otherwise) {
        long sum = 0;
        for (JsonNode d : list) {
            sum += d.path("weight").asInt(otherwise);
        }
        return sum;
    }

    private static void percent(KubeObject o, JsonNode route, String field, int rule, List<Finding> out) {
        long sum = sum(route, 0);
        if (route.size() > 1 && sum != 100) {
            out.add(Finding.warning(
                    o.ref(field),
                    "the weights of rule " + rule + " add up to " + sum + ", not 100"
                            + (sum == 0
                                    ? ", so no destination gets anything: write weights"
                                    : ": shares are taken of " + sum + ", mend them if they were meant as percent")));
        }
    }

    private static void shares(KubeObject o, JsonNode backends, String field, int rule, List<Finding> out) {
        if (!backends.isEmpty() && sum(backends, 1) == 0) {
            boolean http = o.kind().equals("HTTPRoute") || o.kind().equals("GRPCRoute");
            out.add(Finding.warning(
                    o.ref(field),
                    "all weights of rule " + rule + " are 0, so "
                            + (http ? "requests get 500" : "connections are refused")
                            + ": give a backend a weight"));
        }
    }
}
