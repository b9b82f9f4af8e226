package io.milepost.testbed.fidelity;

import io.milepost.mesh.HttpChain;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.RetryPolicy;
import io.milepost.mesh.RouteRule;
import io.milepost.mesh.SourceRef;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Route tables as text that is the same in every run: one line per chain, one per rule. Sources are left out. */
final class RouteText {
    private static final Pattern SET = Pattern.compile("on=\\[([^]]*)]");

    private RouteText() {}

    /** Chains with more than the default route; of the ports of a service one for each list of rules. */
    static Map<String, List<String>> of(MeshSnapshot snapshot) {
        Map<String, List<String>> out = new TreeMap<>();
        Set<String> seen = new HashSet<>();
        for (HttpChain c : new TreeMap<>(snapshot.httpChains()).values()) {
            List<RouteRule> rules = c.routes().rules();
            String names = rules.stream().map(RouteRule::name).toList().toString();
            if (!names.equals("[default]") && seen.add(c.host() + names)) {
                out.put(c.name(), rules.stream().map(RouteText::line).toList());
            }
        }
        return out;
    }

    static List<String> lines(Map<String, List<String>> chains) {
        List<String> out = new ArrayList<>();
        chains.forEach((chain, rules) -> {
            out.add("@ " + chain);
            out.addAll(rules);
        });
        return out;
    }

    private static String line(RouteRule r) {
        RouteRule plain = new RouteRule(
                r.name(),
                r.match(),
                r.action(),
                r.requestHeaders(),
                r.responseHeaders(),
                r.fault(),
                r.cors(),
                r.operation(),
                "",
                SourceRef.DEFAULT);
        return sorted(plain.toString())
                .replace(sorted(RetryPolicy.ISTIO_DEFAULT.toString()), "DEFAULT")
                .replace("HeaderMutations[remove=[], ops=[]]", "-")
                .replace("Optional.empty", "-")
                .replace(", ignoreCase=false", "")
                .replace(", requestHeaders=-, responseHeaders=-", "")
                .replace(".default.svc.cluster.local", ".~")
                .replace(", config=, source=Default ", "");
    }

    /** Sets print in another order in every run. */
    private static String sorted(String text) {
        Matcher m = SET.matcher(text);
        return m.replaceAll(x -> Matcher.quoteReplacement(
                "on=" + new TreeSet<>(List.of(x.group(1).split(", ", -1)))));
    }
}
