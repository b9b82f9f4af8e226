package io.milepost.config.kube;

import io.milepost.config.kube.ObjectStatus.Condition;
import io.milepost.config.kube.ObjectStatus.Parent;
import io.milepost.config.kube.ParentRef.ServiceKey;
import io.milepost.config.kube.ServiceModel.Port;
import io.milepost.mesh.Cluster;
import io.milepost.mesh.Cluster.Limits;
import io.milepost.mesh.Cluster.Limits.RetryBudget;
import io.milepost.mesh.Cluster.UpstreamTls;
import io.milepost.mesh.ValueMatch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * BackendTLSPolicies and XBackendTrafficPolicies: what all clients of a service do, whichever route led them there.
 *
 * <p>Of several policies for one port the one that names it precedes, then the oldest. A policy whose authorities cannot
 * be read lets every connection fail: nothing goes out in the clear that was meant to be encrypted.
 */
final class BackendPolicies {
    private static final String NOBODY = "";
    private static final String IGNORE = "istio.io/ignore-policy-attachment";

    /** @param section name of a port; empty for all */
    private record Target(ServiceKey service, String section) {}

    private final Map<Target, UpstreamTls> tls = new HashMap<>();
    private final Map<ServiceKey, RetryBudget> budgets = new HashMap<>();
    private final List<ObjectStatus> statuses = new ArrayList<>();
    private final KubeObjects objects;
    private final Map<ServiceKey, ServiceModel> services = new HashMap<>();

    BackendPolicies(KubeObjects objects, Report report, ServiceRegistry registry) {
        this.objects = objects;
        registry.all().forEach(s -> services.putIfAbsent(ServiceKey.of(s.info()), s));
        for (KubeObject o : objects.ofKind("BackendTLSPolicy")) {
            Fields f = report.open(o);
            if (GatewayRoutes.isGatewayApi(o) && !ignored(o, f)) {
                tls(o, f.at("spec"));
            }
        }
        for (KubeObject o : objects.ofKind("XBackendTrafficPolicy")) {
            Fields f = report.open(o);
            if (o.group().equals("gateway.networking.x-k8s.io") && !ignored(o, f)) {
                traffic(o, f.at("spec"));
            }
        }
    }

    List<ObjectStatus> statuses() {
        return statuses;
    }

    private static boolean ignored(KubeObject o, Fields f) {
        boolean off = Boolean.parseBoolean(o.annotations().getOrDefault(IGNORE, o.label(IGNORE)));
        if (off) {
            f.info("metadata", IGNORE + " is set, so this policy has no effect here");
            f.skip("spec");
        }
        return off;
    }

    /** The policy of a cluster with what its service's policies add; what a DestinationRule says itself stays. */
    DestinationPolicy over(DestinationPolicy inner, ServiceModel s, Port port) {
        ServiceKey key = ServiceKey.of(s.info());
        UpstreamTls ofPort = tls.get(new Target(key, port.name()));
        Optional<UpstreamTls> encryption =
                Optional.ofNullable(ofPort != null && !port.name().isEmpty() ? ofPort : tls.get(new Target(key, "")));
        Optional<RetryBudget> budget = Optional.ofNullable(budgets.get(key));
        return encryption.isEmpty() && budget.isEmpty() ? inner : new Over(inner, encryption, budget);
    }

    private record Over(DestinationPolicy inner, Optional<UpstreamTls> encryption, Optional<RetryBudget> budget)
            implements DestinationPolicy {
        @Override
        public Map<String, String> labels() {
            return inner.labels();
        }

        @Override
        public LocalitySetting locality(TrafficDistribution distribution) {
            return inner.locality(distribution);
        }

        @Override
        public Cluster apply(Cluster cluster, Port port, boolean http) {
            Cluster c = inner.apply(cluster, port, http);
            if (encryption.isPresent() && c.tls().isEmpty()) {
                UpstreamTls t = encryption.get();
                c = c.withTls(t.withH2(c.protocol() == Cluster.Protocol.HTTP2));
            }
            Limits l = c.limits();
            if (http && budget.isPresent() && l.retryBudget().isEmpty()) {
                c = c.withLimits(new Limits(
                        l.connections(),
                        l.pendingRequests(),
                        l.requests(),
                        l.retries(),
                        l.requestsPerConnection(),
                        l.streamsPerConnection(),
                        budget));
            }
            return c;
        }
    }

    private void tls(KubeObject o, Fields spec) {
        Fields validation = spec.at("validation");
        String hostname = validation.required("hostname");
        List<ValueMatch> names = new ArrayList<>();
        for (Fields san : validation.list("subjectAltNames")) {
            boolean uri = san.text("type", "Hostname").equals("URI");
            names.add(ValueMatch.exact(uri ? san.required("uri") : san.required("hostname")));
        }
        if (names.isEmpty()) {
            names.add(ValueMatch.exact(hostname));
        }
        Authorities ca = authorities(o, validation);
        UpstreamTls settings = UpstreamTls.PLAIN.withNames(hostname, names).withCaPem(ca.pem());
        List<Parent> parents = new ArrayList<>();
        for (Fields t : spec.list("targetRefs")) {
            Target target = target(o, t, t.text("sectionName", ""));
            boolean first = tls.putIfAbsent(target, settings) == null;
            parents.add(parent(o, t, target, first, ca.problem()));
        }
        statuses.add(new ObjectStatus(o.ref(), parents));
    }

    private record Authorities(Optional<String> pem, Optional<RouteProblem> problem) {}

    private Authorities authorities(KubeObject o, Fields validation) {
        List<Fields> refs = validation.list("caCertificateRefs");
        if (refs.isEmpty()) {
            String known = validation.text("wellKnownCACertificates", "");
            if (known.equals("System")) {
                return new Authorities(Optional.empty(), Optional.empty());
            }
            return bad(
                    validation,
                    "wellKnownCACertificates",
                    "NoValidCACertificate",
                    "'" + known + "' names no authorities: write System, or name a ConfigMap in caCertificateRefs");
        }
        for (int i = 1; i < refs.size(); i++) {
            refs.get(i).skipAll();
            refs.get(i).warn("", "only the first reference is used (as istiod does): join the certificates there");
        }
        Fields ref = refs.getFirst();
        String kind = ref.text("kind", "");
        String name = ref.required("name");
        if (!kind.equals("ConfigMap") || !ref.text("group", "").isEmpty()) {
            return bad(ref, "kind", "InvalidKind", "'" + kind + "' is not supported: use a ConfigMap");
        }
        String pem = objects.find("ConfigMap", o.namespace(), name)
                .map(m -> m.root().path("data").path("ca.crt").asText(""))
                .orElse("");
        return pem.contains("-----BEGIN CERTIFICATE-----")
                ? new Authorities(Optional.of(pem), Optional.empty())
                : bad(
                        ref,
                        "name",
                        "InvalidCACertificateRef",
                        "there is no ConfigMap " + o.namespace() + "/" + name
                                + " with certificates in ca.crt: mend it");
    }

    private static Authorities bad(Fields f, String field, String reason, String message) {
        f.warn(field, message + "; until then every connection to the targets of this policy fails");
        return new Authorities(
                Optional.of(NOBODY),
                Optional.of(RouteProblem.resolved(reason, message, f.ref().field())));
    }

    private void traffic(KubeObject o, Fields spec) {
        Optional<RetryBudget> budget = Optional.empty();
        if (spec.has("retryConstraint")) {
            Fields retry = spec.at("retryConstraint");
            Fields b = retry.at("budget");
            int percent = b.integer("percent", 20);
            long interval = b.millis("interval", 10_000);
            if (interval != 10_000) {
                b.info("interval", "retries are counted against what is active now, whatever the interval");
            }
            Fields rate = retry.at("minRetryRate");
            int count = rate.integer("count", 10);
            rate.skip("interval");
            budget = Optional.of(new RetryBudget(percent, count));
        }
        if (spec.has("sessionPersistence")) {
            spec.at("sessionPersistence").skipAll();
            spec.warn(
                    "sessionPersistence",
                    "is not supported on a policy: use sessionPersistence of an HTTPRoute (mode strict) or "
                            + "consistentHash of a DestinationRule");
        }
        List<Parent> parents = new ArrayList<>();
        for (Fields t : spec.list("targetRefs")) {
            Target target = target(o, t, "");
            boolean first = budget.isEmpty() || budgets.putIfAbsent(target.service(), budget.get()) == null;
            parents.add(parent(o, t, target, first, Optional.empty()));
        }
        statuses.add(new ObjectStatus(o.ref(), parents));
    }

    private static Target target(KubeObject o, Fields t, String section) {
        ParentRef ref = new ParentRef(
                0, t.text("group", ""), t.text("kind", ""), o.namespace(), t.required("name"), section, 0);
        return new Target(ref.key(), section);
    }

    private Parent parent(KubeObject o, Fields t, Target target, boolean first, Optional<RouteProblem> unresolved) {
        ServiceModel service = services.get(target.service());
        Optional<RouteProblem> problem = Optional.empty();
        if (service == null) {
            problem = Optional.of(RouteProblem.accepted(
                    "TargetNotFound",
                    "there is no " + target.service().kind() + " " + o.namespace() + "/"
                            + target.service().name() + ": mend kind or name",
                    "name"));
        } else if (!target.section().isEmpty()
                && service.ports().stream().noneMatch(p -> p.name().equals(target.section()))) {
            problem = Optional.of(RouteProblem.accepted(
                    "TargetNotFound",
                    service.host() + " has no port named " + target.section() + ": mend the name",
                    "sectionName"));
        } else if (!first) {
            problem = Optional.of(RouteProblem.accepted(
                    "Conflicted", "an older policy is attached to the same target: remove one", "name"));
        }
        problem.ifPresent(p -> t.warn(p.field(), p.message()));
        List<Condition> conditions = new ArrayList<>();
        conditions.add(problem.or(
                        () -> unresolved.map(u -> RouteProblem.accepted("NoValidCACertificate", u.message(), "")))
                .map(p -> new Condition("Accepted", false, p.reason(), p.message()))
                .orElse(new Condition("Accepted", true, "Accepted", "the policy was accepted")));
        conditions.add(unresolved
                .map(p -> new Condition("ResolvedRefs", false, p.reason(), p.message()))
                .orElse(new Condition("ResolvedRefs", true, "ResolvedRefs", "all references were resolved")));
        return new Parent(
                target.service().kind() + " " + o.namespace() + "/"
                        + target.service().name()
                        + (target.section().isEmpty() ? "" : " section " + target.section()),
                conditions);
    }
}
