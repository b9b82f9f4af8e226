package io.milepost.config.kube;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The translation of objects that change. A changed route renews the routes of the services that it names, a changed
 * EndpointSlice the endpoints of its service, an object of a kind that {@link Reach} knows the services that it reaches;
 * anything else renews everything, except that unchanged routes are not read again. The result is always the one that {@link SnapshotBuilder#build} gives for the same objects. Not thread-safe.
 */
// Objects are told apart by identity on purpose: comparing trees would cost more than translating them.
@SuppressWarnings({"ReferenceEquality", "IdentityHashMapUsage"})
public final class LiveTranslation {
    private final SnapshotBuilder builder;
    private final Optional<GatewayRef> waypoint;
    private final Map<String, KubeObject> objects = new HashMap<>();
    private final Map<KubeObject, GatewayRoute> known = new IdentityHashMap<>();
    private @Nullable Translation translation;
    private long renewed;

    public LiveTranslation(SnapshotBuilder builder, Optional<GatewayRef> waypoint) {
        this.builder = builder;
        this.waypoint = waypoint;
    }

    /** How often everything was translated; for tests and metrics. */
    public long fullTranslations() {
        return renewed;
    }

    /** Begins anew with these objects; those that are the same as before are not read again. */
    public SnapshotBuilder.Result replace(Collection<KubeObject> all) {
        objects.clear();
        all.forEach(o -> objects.put(key(o), o));
        return full();
    }

    /** Compares by identity what is there now with what was there before, and puts and removes the difference. */
    public SnapshotBuilder.Result update(Collection<KubeObject> all) {
        if (translation == null) {
            return replace(all);
        }
        Map<String, KubeObject> gone = new HashMap<>(objects);
        List<KubeObject> put = new ArrayList<>();
        for (KubeObject o : all) {
            KubeObject old = gone.remove(key(o));
            if (old != o) {
                put.add(o);
            }
        }
        return change(put, gone.values());
    }

    /**
     * Puts and removes objects.
     *
     * @param put new ones and new versions
     * @param removed what is gone; only kind, namespace and name count
     */
    public SnapshotBuilder.Result change(Collection<KubeObject> put, Collection<KubeObject> removed) {
        Translation t = translation;
        if (t != null && put.isEmpty() && removed.isEmpty()) {
            return t.result();
        }
        Map<KubeObject, Boolean> before = new IdentityHashMap<>();
        for (KubeObject o : removed) {
            KubeObject old = objects.remove(key(o));
            if (old != null) {
                before.put(old, true);
            }
        }
        for (KubeObject o : put) {
            KubeObject old = objects.put(key(o), o);
            if (old != null) {
                before.put(old, true);
            }
        }
        if (t == null) {
            return full();
        }
        t.objects().replace(put, before.keySet());
        return renewed(t, put, before.keySet()) ? t.result() : full();
    }

    /** False when everything has to be translated. */
    private static boolean renewed(Translation t, Collection<KubeObject> put, Collection<KubeObject> before) {
        if (onlyRoutes(put, before)) {
            return routes(t, put, before);
        }
        if (onlySlices(put, before)) {
            return endpoints(t, put, before);
        }
        if (t.served().isEmpty()) {
            return false;
        }
        Optional<Set<ServiceModel>> reached = new Reach(t.registry(), t.served().get()).of(put, before);
        return reached.isPresent() && t.renew(put, before, reached.get());
    }

    private SnapshotBuilder.Result full() {
        renewed++;
        Translation t = builder.translate(new KubeObjects(objects.values()), waypoint, new Report(), known);
        translation = t;
        return t.result();
    }

    private static String key(KubeObject o) {
        return o.kind() + "/" + o.key();
    }

    private static boolean onlyRoutes(Collection<KubeObject> put, Collection<KubeObject> before) {
        return put.stream().allMatch(LiveTranslation::isRoute)
                && before.stream().allMatch(LiveTranslation::isRoute);
    }

    private static boolean isRoute(KubeObject o) {
        return GatewayRouteReader.KINDS.contains(o.kind()) && GatewayRoutes.isGatewayApi(o);
    }

    private static boolean onlySlices(Collection<KubeObject> put, Collection<KubeObject> before) {
        return put.stream().allMatch(o -> o.kind().equals("EndpointSlice"))
                && before.stream().allMatch(o -> o.kind().equals("EndpointSlice"));
    }

    /** False when more than routes would have to change; then everything is translated. */
    private static boolean routes(Translation t, Collection<KubeObject> put, Collection<KubeObject> before) {
        if (t.served().isEmpty()) {
            return true;
        }
        WaypointTranslation w = t.served().get();
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
        if (foreign) {
            return false;
        }
        return t.renewRoutes(services);
    }

    private static boolean endpoints(Translation t, Collection<KubeObject> put, Collection<KubeObject> before) {
        ServiceRegistry registry = t.registry();
        Set<String> services = new HashSet<>();
        put.forEach(o -> services.add(service(o)));
        before.forEach(o -> services.add(service(o)));
        for (String service : services) {
            List<KubeObject> slices = new ArrayList<>(registry.slicesOf(service));
            slices.removeIf(s -> before.stream().anyMatch(b -> b == s));
            put.stream().filter(o -> service(o).equals(service)).forEach(slices::add);
            Optional<ServiceModel> now = registry.withSlices(service, slices);
            Optional<ServiceModel> old = now.flatMap(s -> registry.byHost(s.host()));
            if (now.isEmpty() || old.isEmpty() || !simple(registry, old.get())) {
                return false;
            }
            t.renewEndpoints(old.get(), now.get());
        }
        return true;
    }

    /** Endpoints of such a service are its own affair. */
    private static boolean simple(ServiceRegistry registry, ServiceModel s) {
        return s.resolution() == ServiceModel.Resolution.STATIC
                && s.traits().alias().isEmpty()
                && registry.isSingle(s);
    }

    private static String service(KubeObject slice) {
        return slice.namespace() + "/" + slice.label("kubernetes.io/service-name");
    }
}
