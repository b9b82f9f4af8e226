package io.milepost.config.kube;

import com.fasterxml.jackson.databind.JsonNode;
import io.milepost.config.kube.ParentRef.ServiceKey;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Carries changed objects into a translation, one group of kinds after the other, and renews for each what it reaches.
 * Whatever is not known to reach little is refused: then everything has to be translated.
 */
final class Changes {
    /** In the order in which they are carried in: pods and services before whoever asks for them. */
    private enum Group {
        /** Read by nobody, but a word may have to be said about them. */
        SILENT,
        POPULATION,
        /** VirtualServices and DestinationRules. */
        RULES,
        ROUTES,
        POLICIES,
        LOGS,
        /** All kinds that may reach everything. */
        REST
    }

    private static final Set<String> UNREAD = Set.of(
            "PeerAuthentication",
            "Sidecar",
            "EnvoyFilter",
            "WorkloadGroup",
            "ProxyConfig",
            "WasmPlugin",
            "TrafficExtension",
            "ServiceAccount");

    private record Versions(List<KubeObject> put, List<KubeObject> before) {}

    private final Translation translation;
    private final ServiceRegistry registry;
    private final Optional<WaypointTranslation> served;
    private final Dirty dirty = new Dirty();

    Changes(Translation translation) {
        this.translation = translation;
        this.registry = translation.registry();
        this.served = translation.served();
    }

    /**
     * False when everything has to be translated; the translation is not to be used any more then.
     *
     * @param before the versions that are gone; the translation's objects are those of now
     */
    boolean carry(Collection<KubeObject> put, Collection<KubeObject> before) {
        Map<Group, Versions> groups = new EnumMap<>(Group.class);
        put.forEach(o -> group(groups, o).put().add(o));
        before.forEach(o -> group(groups, o).before().add(o));
        if (groups.containsKey(Group.REST)) {
            return false;
        }
        for (Map.Entry<Group, Versions> e : groups.entrySet()) {
            if (!carry(e.getKey(), e.getValue().put(), e.getValue().before())) {
                return false;
            }
        }
        translation.publish(dirty);
        return true;
    }

    private Versions group(Map<Group, Versions> groups, KubeObject o) {
        return groups.computeIfAbsent(group(o), g -> new Versions(new ArrayList<>(), new ArrayList<>()));
    }

    private Group group(KubeObject o) {
        if (Population.concerns(o)) {
            return Group.POPULATION;
        }
        if (GatewayRouteReader.KINDS.contains(o.kind()) && GatewayRoutes.isGatewayApi(o)) {
            return ofWaypoints(Group.ROUTES);
        }
        return switch (o.kind()) {
            case "VirtualService", "DestinationRule" -> ofWaypoints(Group.RULES);
            case PolicyTranslator.KIND, FailClosed.KIND -> Group.POLICIES;
            case Telemetries.KIND -> ofWaypoints(Group.LOGS);
            default -> UNREAD.contains(o.kind()) ? Group.SILENT : Group.REST;
        };
    }

    /** A ztunnel does not read what is meant for waypoints. */
    private Group ofWaypoints(Group group) {
        return served.isPresent() ? group : Group.SILENT;
    }

    private boolean carry(Group group, List<KubeObject> put, List<KubeObject> before) {
        return switch (group) {
            case SILENT -> silent(put, before);
            case POPULATION -> population(put, before);
            case RULES -> served.isEmpty() || rules(served.get(), put, before);
            case ROUTES -> served.isEmpty() || routes(served.get(), put, before);
            case POLICIES -> policies(put, before);
            case LOGS -> served.isEmpty() || logs(served.get(), put, before);
            case REST -> false;
        };
    }

    private boolean silent(List<KubeObject> put, List<KubeObject> before) {
        before.forEach(translation.report()::forget);
        put.forEach(o -> Coverage.report(o, translation.report()));
        return true;
    }

    private boolean population(List<KubeObject> put, List<KubeObject> before) {
        Population p = new Population(translation.objects(), registry, translation.report());
        Optional<List<Population.Changed>> changed = p.change(put, before);
        if (changed.isEmpty()) {
            return false;
        }
        p.old().forEach(translation.workloads()::change);
        p.now().forEach(translation.workloads()::change);
        if (served.isPresent()) {
            WaypointTranslation w = served.get();
            boolean attached = p.old().stream()
                            .anyMatch(x -> translation.workloads().isAttached(x, w.ref()))
                    || p.now().stream().anyMatch(x -> translation.workloads().isAttached(x, w.ref()));
            if (attached) {
                translation.renewAttached(w);
            }
        }
        for (Population.Changed c : changed.get()) {
            translation.workloads().change(c.before(), c.now());
            if (!c.onlyEndpoints()) {
                translation.renewService(c.now());
                dirty.services = true;
                if (!c.sameAddresses() && !translation.renewAddresses(c.before(), c.now())) {
                    return false;
                }
                if (served.isPresent() && served.get().serves(c.now())) {
                    dirty.chains = true;
                    dirty.clusters = true;
                    if (!served.get().renew(c.now())) {
                        return false;
                    }
                }
            }
            served.ifPresent(w -> w.renewClusters(c.now()));
            dirty.endpoints.add(c.now().host());
            dirty.clusters |= !c.onlyEndpoints();
        }
        return true;
    }

    private boolean rules(WaypointTranslation w, List<KubeObject> put, List<KubeObject> before) {
        Optional<Set<ServiceModel>> reached = new Reach(registry, w).of(put, before);
        if (reached.isEmpty()) {
            return false;
        }
        before.forEach(w::remove);
        put.forEach(w::put);
        boolean onlyRoutes = Reach.onlyRoutes(put) && Reach.onlyRoutes(before);
        dirty.chains = true;
        dirty.clusters |= !onlyRoutes;
        for (ServiceModel s : reached.get()) {
            if (!(onlyRoutes ? w.renewRoutes(s) : w.renew(s))) {
                return false;
            }
        }
        return true;
    }

    private boolean routes(WaypointTranslation w, List<KubeObject> put, List<KubeObject> before) {
        Set<ServiceModel> services = new LinkedHashSet<>();
        boolean foreign = false;
        for (KubeObject o : before) {
            Optional<GatewayRoute> old = w.gatewayRoutes().remove(o);
            if (old.isPresent()) {
                w.routeChecks().forget(old.get());
                foreign |= w.namesForeign(old.get());
                services.addAll(w.parentsOf(old.get()));
            }
        }
        for (KubeObject o : put) {
            GatewayRoute now = w.gatewayRoutes().put(o);
            w.routeChecks().check(now);
            foreign |= w.namesForeign(now);
            services.addAll(w.parentsOf(now));
        }
        if (foreign || registry.shareHosts(services)) {
            return false;
        }
        dirty.chains = true;
        for (ServiceModel s : services) {
            if (!w.renewRoutes(s)) {
                return false;
            }
        }
        return true;
    }

    /** AuthorizationPolicies, and what stands for them. */
    private boolean policies(List<KubeObject> put, List<KubeObject> before) {
        before.forEach(translation.report()::forget);
        List<KubeObject> all = new ArrayList<>(before);
        all.addAll(put);
        for (KubeObject o : all) {
            if (o.kind().equals(PolicyTranslator.KIND)) {
                dirty.policies = true;
                if (!selected(o)) {
                    return false;
                }
            }
        }
        for (KubeObject o : before) {
            if (o.kind().equals(PolicyTranslator.KIND)) {
                translation.removePolicy(o);
            }
        }
        for (KubeObject o : put) {
            Coverage.report(o, translation.report());
            if (o.kind().equals(PolicyTranslator.KIND)) {
                translation.putPolicy(o);
            }
        }
        if (served.isPresent()) {
            WaypointTranslation w = served.get();
            Target target = new Target();
            all.forEach(o -> target.add(w, o));
            dirty.chains |= target.all || !target.services.isEmpty();
            w.renewPolicies(target.served(w));
            if (target.all) {
                w.renewDirect();
            }
        }
        return true;
    }

    /** Workloads know which policies select them. */
    private boolean selected(KubeObject policy) {
        JsonNode written = policy.spec().path("selector").path("matchLabels");
        if (written.isEmpty()) {
            return true;
        }
        if (!written.isObject()) {
            return false;
        }
        Map<String, String> labels = new TreeMap<>();
        written.properties().forEach(e -> labels.put(e.getKey(), e.getValue().asText()));
        boolean everywhere =
                policy.namespace().equals(translation.mesh().settings().rootNamespace());
        for (PodModel p : registry.pods()) {
            if ((everywhere || p.namespace().equals(policy.namespace())) && p.matches(labels)) {
                translation.workloads().change(p);
            }
        }
        return true;
    }

    private boolean logs(WaypointTranslation w, List<KubeObject> put, List<KubeObject> before) {
        before.forEach(w::remove);
        Target target = new Target();
        List<KubeObject> said = new ArrayList<>(put);
        for (List<KubeObject> list : List.of(before, put)) {
            for (KubeObject o : list) {
                if (Telemetries.isWide(o)) {
                    target.addNamespace(w, o.namespace());
                    // Whether the others of the namespace count depends on this one.
                    said.addAll(translation.objects().plain(Telemetries.KIND, o.namespace()));
                } else {
                    target.add(w, o);
                }
            }
        }
        said.forEach(w::remove);
        dirty.chains |= target.all || !target.services.isEmpty();
        w.renewLogs(target.served(w));
        if (target.all) {
            w.renewDirect();
            translation.renewRefused(w);
        }
        said.forEach(w.telemetry()::reportUnused);
        return true;
    }

    /** The services that something is attached to. */
    private final class Target {
        private final Set<ServiceModel> services = new LinkedHashSet<>();
        private boolean all;

        /** By its targets. */
        void add(WaypointTranslation w, KubeObject o) {
            for (JsonNode t : Attachments.targets(o)) {
                String kind = t.path("kind").asText("");
                String name = t.path("name").asText("");
                switch (kind) {
                    case "Service", "ServiceEntry" ->
                        services.addAll(registry.byParent(new ServiceKey(kind, o.namespace(), name)));
                    case "Gateway", "GatewayClass" ->
                        all |= o.namespace().equals(w.ref().namespace())
                                || o.namespace()
                                        .equals(translation.mesh().settings().rootNamespace());
                    default -> {}
                }
            }
        }

        void addNamespace(WaypointTranslation w, String namespace) {
            if (namespace.equals(w.ref().namespace())
                    || namespace.equals(translation.mesh().settings().rootNamespace())) {
                all = true;
            } else {
                registry.all().stream()
                        .filter(s -> s.info().namespace().equals(namespace))
                        .forEach(services::add);
            }
        }

        /** With whoever shares a host with them: the last of those, in the registry's order, has the chain. */
        List<ServiceModel> served(WaypointTranslation w) {
            return (all ? registry.all() : registry.withSameHosts(services))
                    .stream().filter(w::serves).toList();
        }
    }
}
