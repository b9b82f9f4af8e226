package io.milepost.config.kube.authz;

import io.milepost.config.kube.Finding;
import io.milepost.config.kube.GatewayInfo;
import io.milepost.config.kube.KubeObject;
import io.milepost.config.kube.KubeObjects;
import io.milepost.config.kube.PolicyTranslator;
import io.milepost.config.kube.ServiceInfo;
import io.milepost.mesh.Condition;
import io.milepost.mesh.L4Policy;
import io.milepost.mesh.MeshSettings;
import io.milepost.mesh.PolicySet;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * AuthorizationPolicies as istiod understands them.
 *
 * <p>Policies of one stage are in the order of their ids as text, because that is the order in which Envoy names the one
 * that matched (measured-behaviour.md, Authorization 11).
 */
public final class AuthorizationTranslator implements PolicyTranslator {
    private static final String BAD_CUSTOM = "-deny-due-to-bad-CUSTOM-action";
    private static final String GROUP = "security.istio.io";

    /**
     * What was read last. Services without policies of their own share those of the waypoint: with 2,000 of them these were
     * read, and kept, 2,000 times.
     */
    private record Known(List<KubeObject> policies, MeshSettings mesh, PolicySet result) {
        @SuppressWarnings(
                "ReferenceEquality") // the very versions; comparing whole trees would cost more than reading them
        boolean isOf(List<KubeObject> attached, MeshSettings settings) {
            if (mesh != settings || policies.size() != attached.size()) {
                return false;
            }
            for (int i = 0; i < attached.size(); i++) {
                if (policies.get(i) != attached.get(i)) {
                    return false;
                }
            }
            return true;
        }
    }

    private final Map<RuleReader.Mode, Known> last = new ConcurrentHashMap<>(4);

    @Override
    public PolicySet forHttp(KubeObjects objects, ServiceInfo service, GatewayInfo waypoint) {
        return read(objects, service, waypoint, RuleReader.Mode.HTTP);
    }

    @Override
    public PolicySet forTcp(KubeObjects objects, ServiceInfo service, GatewayInfo waypoint) {
        return read(objects, service, waypoint, RuleReader.Mode.TCP);
    }

    private PolicySet read(KubeObjects objects, ServiceInfo service, GatewayInfo waypoint, RuleReader.Mode mode) {
        List<KubeObject> attached = new ArrayList<>();
        for (KubeObject p : objects.targeting(KIND, service, waypoint, Attachment.WAYPOINT_CLASS)) {
            if (p.group().equals(GROUP) && Attachment.attaches(p, service, waypoint)) {
                attached.add(p);
            }
        }
        if (attached.isEmpty()) {
            return PolicySet.NONE;
        }
        Known known = last.get(mode);
        if (known != null && known.isOf(attached, waypoint.mesh())) {
            return known.result();
        }
        PolicySet result = read(attached, waypoint.mesh(), mode);
        last.put(mode, new Known(List.copyOf(attached), waypoint.mesh(), result));
        return result;
    }

    private static PolicySet read(List<KubeObject> attached, MeshSettings mesh, RuleReader.Mode mode) {
        List<PolicySet.Policy> custom = new ArrayList<>();
        List<PolicySet.Policy> audit = new ArrayList<>();
        List<PolicySet.Policy> deny = new ArrayList<>();
        List<PolicySet.Policy> allow = new ArrayList<>();
        List<PolicySet.Policy> dryRunDeny = new ArrayList<>();
        List<PolicySet.Policy> dryRunAllow = new ArrayList<>();
        boolean allowEnforced = false;
        PolicyReader reader = new PolicyReader(mesh, f -> {});
        for (KubeObject p : attached) {
            List<PolicySet.Policy> rules = reader.read(p, mode);
            boolean dry = PolicyReader.dryRun(p);
            switch (PolicyReader.action(p)) {
                case ALLOW -> {
                    (dry ? dryRunAllow : allow).addAll(rules);
                    allowEnforced |= !dry;
                }
                case DENY -> (dry ? dryRunDeny : deny).addAll(rules);
                case AUDIT -> {
                    if (!dry) {
                        audit.addAll(rules);
                    }
                }
                // istiod enforces these as DENY although they are meant to be looked at only
                case CUSTOM -> (dry ? deny : custom).addAll(rules);
            }
        }
        if (custom.stream().map(PolicySet.Policy::provider).distinct().count() > 1) {
            // recorded from istiod: one provider a chain, otherwise all of them deny
            custom.forEach(p -> deny.add(new PolicySet.Policy(p.id() + BAD_CUSTOM, p.condition(), p.source())));
            custom.clear();
        }
        if (custom.isEmpty()
                && audit.isEmpty()
                && deny.isEmpty()
                && !allowEnforced
                && dryRunDeny.isEmpty()
                && dryRunAllow.isEmpty()) {
            return PolicySet.NONE;
        }
        return new PolicySet(
                sorted(custom),
                sorted(audit),
                sorted(deny),
                allowEnforced,
                sorted(allow),
                sorted(dryRunDeny),
                sorted(dryRunAllow));
    }

    private static List<PolicySet.Policy> sorted(List<PolicySet.Policy> list) {
        return list.stream().sorted(Comparator.comparing(PolicySet.Policy::id)).toList();
    }

    @Override
    public Optional<L4Policy> l4(KubeObject p, MeshSettings mesh) {
        PolicyReader.Action action = PolicyReader.action(p);
        if (!p.group().equals(GROUP)
                || Attachment.hasTarget(p)
                || action == PolicyReader.Action.AUDIT
                || action == PolicyReader.Action.CUSTOM) {
            return Optional.empty();
        }
        List<Condition> rules = new PolicyReader(mesh, f -> {})
                .read(p, RuleReader.Mode.L4).stream()
                        .map(PolicySet.Policy::condition)
                        .toList();
        boolean selector = Attachment.hasSelector(p);
        boolean everywhere = !selector && p.namespace().equals(mesh.rootNamespace());
        return Optional.of(new L4Policy(
                p.key(),
                everywhere ? "" : p.namespace(),
                selector,
                action == PolicyReader.Action.ALLOW ? L4Policy.Action.ALLOW : L4Policy.Action.DENY,
                PolicyReader.dryRun(p),
                rules.isEmpty() ? RuleReader.never() : Condition.anyOf(rules),
                p.ref()));
    }

    @Override
    public Set<String> selecting(
            KubeObjects objects, String namespace, Map<String, String> podLabels, MeshSettings mesh) {
        Set<String> out = new LinkedHashSet<>();
        selecting(objects, namespace, podLabels, out);
        if (!namespace.equals(mesh.rootNamespace())) {
            selecting(objects, mesh.rootNamespace(), podLabels, out);
        }
        return out;
    }

    private static void selecting(
            KubeObjects objects, String namespace, Map<String, String> podLabels, Set<String> out) {
        for (KubeObject p : objects.selecting(KIND, namespace, podLabels)) {
            if (p.group().equals(GROUP) && !Attachment.hasTarget(p) && Attachment.selects(p, podLabels)) {
                out.add(p.key());
            }
        }
    }

    @Override
    public Set<Finding> findings(KubeObject p, MeshSettings mesh) {
        if (!p.group().equals(GROUP)) {
            return Set.of();
        }
        Set<Finding> out = new LinkedHashSet<>();
        PolicyReader reader = new PolicyReader(mesh, out::add);
        Attachment.check(p, mesh.rootNamespace(), out::add);
        List<PolicySet.Policy> all = reader.read(p, RuleReader.Mode.HTTP);
        boolean dry = PolicyReader.dryRun(p);
        switch (PolicyReader.action(p)) {
            case CUSTOM -> custom(p, dry, out);
            case AUDIT -> {
                if (!Attachment.hasTarget(p)) {
                    out.add(noEffect(p, "AUDIT"));
                }
            }
            case ALLOW -> {
                boolean l4 = !Attachment.hasTarget(p);
                if (l4 && reader.read(p, RuleReader.Mode.L4).size() < all.size()) {
                    out.add(
                            Finding.warning(
                                    p.ref("spec.rules"),
                                    "rules with HTTP fields never match without a waypoint; add targetRefs to a Service or Gateway"));
                }
            }
            case DENY -> {
                boolean l4 = !Attachment.hasTarget(p);
                if (l4 && !conditions(reader.read(p, RuleReader.Mode.L4)).equals(conditions(all))) {
                    out.add(
                            Finding.warning(
                                    p.ref("spec.rules"),
                                    "HTTP fields are ignored without a waypoint, so more is denied; add targetRefs to a Service or Gateway"));
                }
            }
        }
        return out;
    }

    private static List<Condition> conditions(List<PolicySet.Policy> list) {
        return list.stream().map(PolicySet.Policy::condition).toList();
    }

    private static void custom(KubeObject p, boolean dry, Set<Finding> out) {
        if (!Attachment.hasTarget(p)) {
            out.add(noEffect(p, "CUSTOM"));
        }
        if (dry) {
            out.add(
                    Finding.warning(
                            p.ref("metadata.annotations"),
                            "istio.io/dry-run with CUSTOM denies what matches (as Istio does); remove the annotation or the policy"));
        }
    }

    private static Finding noEffect(KubeObject p, String action) {
        return Finding.error(
                p.ref("spec.action"), action + " has no effect in ztunnels; add targetRefs to a Service or Gateway");
    }
}
