package io.milepost.policy;

import io.milepost.mesh.L4Policy;
import io.milepost.mesh.SourceRef;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The selector policies of a ztunnel, compiled. For a workload count: those of the mesh, those of its namespace and
 * those that its record lists.
 */
public final class CompiledL4Policies {
    /** The outcome for one connection; {@code reason} is ztunnel's text, empty when allowed. */
    public record L4Decision(boolean allowed, String reason, String policyId, SourceRef source) {
        static final L4Decision ALLOWED = new L4Decision(true, "", "", SourceRef.DEFAULT);
        static final L4Decision NONE_ALLOWED =
                new L4Decision(false, "allow policies exist, but none allowed", "", SourceRef.DEFAULT);
    }

    private record Entry(L4Policy policy, Rule rule, L4Decision onMatch) {
        boolean denies() {
            return policy.action() == L4Policy.Action.DENY;
        }

        static Entry of(L4Policy p) {
            boolean deny = p.action() == L4Policy.Action.DENY;
            String reason = deny ? "explicitly denied by: " + p.id() : "";
            return new Entry(p, Rule.compile(p.condition()), new L4Decision(!deny, reason, p.id(), p.source()));
        }
    }

    private final List<Entry> mesh = new ArrayList<>();
    private final Map<String, List<Entry>> byNamespace = new HashMap<>();
    private final Map<String, Entry> byId = new HashMap<>();

    private CompiledL4Policies(List<L4Policy> policies) {
        policies.stream()
                .sorted(Comparator.comparing(L4Policy::id))
                .map(Entry::of)
                .forEach(e -> {
                    if (e.policy.workloadSelector()) {
                        byId.put(e.policy.id(), e);
                    } else if (e.policy.namespace().isEmpty()) {
                        mesh.add(e);
                    } else {
                        byNamespace
                                .computeIfAbsent(e.policy.namespace(), n -> new ArrayList<>())
                                .add(e);
                    }
                });
    }

    /** Compiles all policies of a snapshot. Never fails: what cannot be compiled fails closed. */
    public static CompiledL4Policies compile(List<L4Policy> policies) {
        return new CompiledL4Policies(policies);
    }

    /**
     * Decides over a connection to a workload.
     *
     * @param namespace the workload's namespace
     * @param listed {@link io.milepost.mesh.Workload#policies()}; a listed policy that is not there is skipped (it
     *     arrives in its own time, as in ztunnel)
     */
    public L4Decision decide(Attributes a, String namespace, List<String> listed) {
        List<Entry> own = byNamespace.getOrDefault(namespace, List.of());
        L4Decision denied = denied(a, mesh, false);
        if (denied == null) {
            denied = denied(a, own, false);
        }
        for (int i = 0; denied == null && i < listed.size(); i++) {
            Entry e = byId.get(listed.get(i));
            denied = e == null ? null : denies(e, a, false);
        }
        if (denied != null) {
            return denied;
        }
        boolean exists = false;
        L4Decision allowed = allowed(a, mesh);
        exists |= hasAllow(mesh);
        if (allowed == null) {
            allowed = allowed(a, own);
            exists |= hasAllow(own);
        }
        for (int i = 0; allowed == null && i < listed.size(); i++) {
            Entry e = byId.get(listed.get(i));
            if (e != null && !e.denies() && !e.policy.dryRun()) {
                exists = true;
                allowed = e.rule.test(a) == Verdict.YES ? e.onMatch : null;
            }
        }
        if (allowed != null) {
            return allowed;
        }
        return exists ? L4Decision.NONE_ALLOWED : L4Decision.ALLOWED;
    }

    /** The first dry-run DENY that would have refused the connection; null when none. For logs. */
    public @Nullable L4Decision dryRunDenied(Attributes a, String namespace, List<String> listed) {
        L4Decision d = denied(a, mesh, true);
        if (d == null) {
            d = denied(a, byNamespace.getOrDefault(namespace, List.of()), true);
        }
        for (int i = 0; d == null && i < listed.size(); i++) {
            Entry e = byId.get(listed.get(i));
            d = e == null ? null : denies(e, a, true);
        }
        return d;
    }

    private static @Nullable L4Decision denied(Attributes a, List<Entry> entries, boolean dryRun) {
        for (int i = 0; i < entries.size(); i++) {
            L4Decision d = denies(entries.get(i), a, dryRun);
            if (d != null) {
                return d;
            }
        }
        return null;
    }

    private static @Nullable L4Decision denies(Entry e, Attributes a, boolean dryRun) {
        return e.denies() && e.policy.dryRun() == dryRun && e.rule.test(a) != Verdict.NO ? e.onMatch : null;
    }

    private static @Nullable L4Decision allowed(Attributes a, List<Entry> entries) {
        for (int i = 0; i < entries.size(); i++) {
            Entry e = entries.get(i);
            if (!e.denies() && !e.policy.dryRun() && e.rule.test(a) == Verdict.YES) {
                return e.onMatch;
            }
        }
        return null;
    }

    private static boolean hasAllow(List<Entry> entries) {
        for (int i = 0; i < entries.size(); i++) {
            if (!entries.get(i).denies() && !entries.get(i).policy.dryRun()) {
                return true;
            }
        }
        return false;
    }
}
