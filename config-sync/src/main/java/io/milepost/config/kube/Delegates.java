package io.milepost.config.kube;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** VirtualServices without hosts, and how their entries are joined with those that delegate to them. */
final class Delegates {
    /** What of the root counts for entries of a delegate; a route of its own is not allowed. */
    private static final String[] INHERITED = {
        "rewrite",
        "timeout",
        "retries",
        "fault",
        "mirror",
        "mirrors",
        "mirrorPercent",
        "mirrorPercentage",
        "corsPolicy",
        "headers",
        "directResponse"
    };

    private final Map<String, Fields> byName = new LinkedHashMap<>();
    private final Set<String> used = new HashSet<>();
    private final MeshConfig mesh;

    /** An entry and the matches that count for it; without a match it takes everything. */
    record Entry(HttpEntry entry, List<MatchEntry> matches) {}

    Delegates(List<KubeObject> virtualServices, Report report, MeshConfig mesh) {
        this.mesh = mesh;
        for (KubeObject vs : virtualServices) {
            for (var http : vs.spec().path("http")) {
                if (http.hasNonNull("delegate")) {
                    used.add(key(
                            http.path("delegate").path("namespace").asText(""),
                            http.path("delegate").path("name").asText(""),
                            vs));
                }
            }
            report.in(Report.part(vs), () -> index(vs, report));
        }
    }

    private void index(KubeObject vs, Report report) {
        Fields spec = report.open(vs).at("spec");
        if (!spec.has("hosts") || spec.texts("hosts").isEmpty()) {
            byName.put(vs.key(), spec);
        }
    }

    /** The entries of a root, those of delegates in the place of the entry that delegates. */
    List<Entry> entries(Fields spec) {
        List<Entry> out = new ArrayList<>();
        for (Fields http : spec.list("http")) {
            List<Fields> matches = http.list("match");
            if (http.has("delegate")) {
                delegated(http, matches, out);
            } else {
                out.add(new Entry(HttpEntry.of(http), plain(matches)));
            }
        }
        return out;
    }

    private static List<MatchEntry> plain(List<Fields> matches) {
        return matches.stream().map(m -> new MatchEntry(m, Optional.empty())).toList();
    }

    private void delegated(Fields http, List<Fields> matches, List<Entry> out) {
        Fields ref = http.at("delegate");
        String root = http.object().namespace();
        String key = key(ref.text("namespace", ""), ref.required("name"), http.object());
        for (String own : new String[] {"route", "redirect"}) {
            if (http.has(own)) {
                http.error(own, "is not allowed beside delegate: move it to the delegate " + key);
            }
        }
        Fields delegate = byName.get(key);
        if (delegate == null) {
            ref.warn(
                    "name",
                    "there is no VirtualService " + key + " without hosts, this rule has no effect: create it or mend "
                            + "name and namespace");
            skip(http);
            return;
        }
        List<String> exportTo = delegate.has("exportTo")
                ? delegate.texts("exportTo")
                : mesh.exports().virtualService();
        if (!Visibility.visible(exportTo, delegate.object().namespace(), root)) {
            ref.warn(
                    "name",
                    "the VirtualService " + key + " is not exported to namespace " + root
                            + ", this rule has no effect: add the namespace to its exportTo");
            skip(http);
            return;
        }
        for (Fields d : delegate.list("http")) {
            if (d.has("delegate")) {
                d.error("delegate", "a delegate cannot delegate further: write the rules here");
                continue;
            }
            Optional<List<MatchEntry>> joined = MatchEntry.combine(matches, d.list("match"));
            if (joined.isPresent()) {
                out.add(new Entry(new HttpEntry(d, Optional.of(http)), joined.get()));
            } else {
                d.warn(
                        "match",
                        "reaches beyond the match of the rule that delegates here (" + http.ref()
                                + "), so it has no effect: narrow it; regular expressions cannot be joined");
                d.skipAll();
            }
        }
        skipOverridden(http, delegate);
    }

    private static String key(String namespace, String name, KubeObject root) {
        return (namespace.isEmpty() ? root.namespace() : namespace) + "/" + name;
    }

    /** A rule that has no effect is reported once, not field by field. */
    private static void skip(Fields http) {
        http.skip(INHERITED);
        http.skip("match", "name");
    }

    /** Settings of the root that every entry of the delegate writes itself. */
    private static void skipOverridden(Fields http, Fields delegate) {
        for (String f : INHERITED) {
            List<Fields> all = delegate.list("http");
            if (http.has(f) && !all.isEmpty() && all.stream().allMatch(d -> d.has(f))) {
                http.warn(
                        f,
                        "has no effect: every rule of the delegate "
                                + delegate.object().key() + " has its own");
                http.skip(f);
            }
        }
    }

    void reportUnused() {
        byName.forEach((key, spec) -> {
            if (!used.contains(key)) {
                spec.info("", "has no hosts and no rule delegates to it: no effect here");
                spec.skipAll();
            }
        });
    }
}
