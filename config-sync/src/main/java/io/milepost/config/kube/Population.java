package io.milepost.config.kube;

import io.milepost.config.kube.ParentRef.ServiceKey;
import io.milepost.config.kube.ServiceModel.Member;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Brings pods and services up to date after Pods, WorkloadEntries, EndpointSlices, Services and ServiceEntries changed.
 * Whatever gives away addresses, decides which other workloads there are, or changes what others may say of a service, is refused:
 * then everything has to be translated.
 */
@SuppressWarnings({"ReferenceEquality", "IdentityHashMapUsage"}) // objects are told apart by identity
final class Population {
    /** Beyond that many services a whole translation costs little more. */
    private static final int MANY = 100;

    /** A service that is not what it was. */
    record Changed(ServiceModel before, ServiceModel now) {
        boolean sameAddresses() {
            return now.addresses().equals(before.addresses());
        }

        /** Whether it has other endpoints at most. */
        boolean onlyEndpoints() {
            return now.withEndpoints(before.endpoints()).equals(before);
        }
    }

    private final KubeObjects objects;
    private final ServiceRegistry registry;
    private final Report report;
    /** Workloads that are gone or were another, and what they are now. */
    private final List<PodModel> old = new ArrayList<>();

    private final List<PodModel> now = new ArrayList<>();
    private final Set<String> hosts = new HashSet<>();

    /** @param objects as they are now */
    Population(KubeObjects objects, ServiceRegistry registry, Report report) {
        this.objects = objects;
        this.registry = registry;
        this.report = report;
    }

    static boolean concerns(KubeObject o) {
        return switch (o.kind()) {
            case "Pod", "WorkloadEntry", "EndpointSlice", "Service", "ServiceEntry" -> true;
            default -> false;
        };
    }

    /** What changed with the objects, with all versions before and now; empty when everything has to be translated. */
    Optional<List<Changed>> change(Collection<KubeObject> put, Collection<KubeObject> before) {
        before.forEach(report::forget);
        for (KubeObject o : put) {
            Coverage.report(o, report);
            CoreFields.report(o, report);
        }
        if (!workloads(put, before)) {
            return Optional.empty();
        }
        slices(put, before);
        Map<String, Changed> out = new LinkedHashMap<>();
        return services(put, before, out) && entries(put, before, out) && endpoints(out)
                ? Optional.of(List.copyOf(out.values()))
                : Optional.empty();
    }

    /** Workloads that were there before and are no more as they were. */
    List<PodModel> old() {
        return old;
    }

    /** Workloads that are new or other than before. */
    List<PodModel> now() {
        return now;
    }

    private static boolean isWorkload(KubeObject o) {
        return o.kind().equals("Pod") || o.kind().equals("WorkloadEntry");
    }

    private boolean workloads(Collection<KubeObject> put, Collection<KubeObject> before) {
        Map<String, KubeObject> was = new HashMap<>();
        Map<String, KubeObject> is = new HashMap<>();
        before.stream().filter(Population::isWorkload).forEach(o -> was.put(o.kind() + "/" + o.key(), o));
        put.stream().filter(Population::isWorkload).forEach(o -> is.put(o.kind() + "/" + o.key(), o));
        Set<String> keys = new HashSet<>(was.keySet());
        keys.addAll(is.keySet());
        Set<String> changing = new HashSet<>();
        keys.forEach(k -> changing.add(k.substring(k.indexOf('/') + 1)));
        for (String k : keys) {
            if (!workload(was.get(k), is.get(k), changing)) {
                return false;
            }
        }
        old.forEach(registry.podIndex()::remove);
        now.forEach(registry.podIndex()::put);
        if (now.stream().anyMatch(registry.podIndex()::isTwice)) {
            return false;
        }
        reach(changing);
        return true;
    }

    private boolean workload(@Nullable KubeObject was, @Nullable KubeObject is, Set<String> changing) {
        KubeObject any = is != null ? is : was;
        if (any == null) {
            return true;
        }
        PodModel after = is == null ? null : Pods.of(is, objects, report);
        PodModel known = null;
        if (was != null) {
            String uid = Pods.uid(was);
            known = registry.pod(uid).orElse(null);
            if (known == null || registry.podIndex().isTwice(known)) {
                return false;
            }
        }
        boolean hadAddress = was == null || Pods.hasAddress(was);
        if (after != null && after.isPod() && after.addresses().isEmpty()) {
            // An address that was given to a name stays as long as the name is there.
            if (known == null || hadAddress) {
                return false;
            }
            after = after.withAddresses(known.addresses());
        } else if (!hadAddress) {
            return false;
        }
        List<String> from = known == null ? List.of() : known.addresses();
        List<String> to = after == null ? List.of() : after.addresses();
        if (!from.equals(to)
                && (from.stream().anyMatch(Pods::isGiven) || to.stream().anyMatch(Pods::isGiven))) {
            return false;
        }
        if (isOfWaypoint(known) || isOfWaypoint(after)) {
            return false;
        }
        if (any.kind().equals("Pod")
                && Pods.decides(
                        any.namespace(),
                        known == null ? null : known.labels(),
                        after == null ? null : after.labels(),
                        changing,
                        objects)) {
            return false;
        }
        if (known != null) {
            old.add(known);
        }
        if (after != null) {
            now.add(after);
        }
        return true;
    }

    /** They tell where a waypoint runs, and whether one has to be made up. */
    private static boolean isOfWaypoint(@Nullable PodModel p) {
        return p != null && p.labels().containsKey(Pods.GATEWAY_NAME);
    }

    /** Services that had one of the workloads as an endpoint, have one of the addresses, or pick one by its labels. */
    private void reach(Set<String> changing) {
        if (old.isEmpty() && now.isEmpty()) {
            return;
        }
        Set<PodModel> gone = Collections.newSetFromMap(new IdentityHashMap<>());
        gone.addAll(old);
        Set<String> addresses = new HashSet<>();
        old.forEach(p -> addresses.addAll(p.addresses()));
        now.forEach(p -> addresses.addAll(p.addresses()));
        for (ServiceModel s : registry.all()) {
            for (Member m : s.endpoints()) {
                if (gone.contains(m.pod()) || addresses.contains(m.address())) {
                    hosts.add(s.host());
                    break;
                }
            }
        }
        now.forEach(p -> hosts.addAll(registry.selecting().hosts(p)));
        registry.kube().missing(changing).forEach(s -> hosts.add(host(s)));
    }

    private static String host(String service) {
        int slash = service.indexOf('/');
        return service.substring(slash + 1) + "." + service.substring(0, slash) + ServiceRegistry.DOMAIN;
    }

    private static String service(KubeObject slice) {
        return slice.namespace() + "/" + slice.label("kubernetes.io/service-name");
    }

    private static boolean isSlice(KubeObject o) {
        return o.kind().equals("EndpointSlice");
    }

    private void slices(Collection<KubeObject> put, Collection<KubeObject> before) {
        Set<String> services = new HashSet<>();
        put.stream().filter(Population::isSlice).forEach(o -> services.add(service(o)));
        before.stream().filter(Population::isSlice).forEach(o -> services.add(service(o)));
        for (String service : services) {
            List<KubeObject> slices = new ArrayList<>(registry.kube().slicesOf(service));
            slices.removeIf(s -> before.stream().anyMatch(b -> b == s));
            put.stream().filter(o -> isSlice(o) && service(o).equals(service)).forEach(slices::add);
            registry.kube().slices(service, slices);
            int slash = service.indexOf('/');
            if (objects.find("Service", service.substring(0, slash), service.substring(slash + 1))
                    .isPresent()) {
                hosts.add(host(service));
            }
        }
    }

    private boolean services(Collection<KubeObject> put, Collection<KubeObject> before, Map<String, Changed> out) {
        Map<String, KubeObject> was = new HashMap<>();
        before.stream().filter(o -> o.kind().equals("Service")).forEach(o -> was.put(o.key(), o));
        for (KubeObject o : put) {
            if (o.kind().equals("Service")) {
                KubeObject old = was.remove(o.key());
                Optional<ServiceModel> known = registry.byHost(host(o.key()));
                if (old == null
                        || known.isEmpty()
                        || !isSimple(known.get())
                        || !KubeServices.sameAddresses(old, o)
                                && (!KubeServices.sameType(old, o)
                                        || !registry.kube().givesSameAddresses())
                        || ServiceRegistry.isOfWaypoint(old)
                        || ServiceRegistry.isOfWaypoint(o)) {
                    return false;
                }
                registry.selecting().remove(old);
                registry.selecting().put(o);
                ServiceModel model = registry.kube().translate(o);
                if (!isSame(known.get(), model)) {
                    return false;
                }
                out.put(model.host(), new Changed(known.get(), model));
            }
        }
        return was.isEmpty();
    }

    /** An entry that has the hosts it had; each of them belongs to it alone. */
    private boolean entries(Collection<KubeObject> put, Collection<KubeObject> before, Map<String, Changed> out) {
        Map<String, KubeObject> was = new HashMap<>();
        before.stream().filter(o -> o.kind().equals("ServiceEntry")).forEach(o -> was.put(o.key(), o));
        for (KubeObject o : put) {
            if (o.kind().equals("ServiceEntry")) {
                KubeObject old = was.remove(o.key());
                if (old == null
                        || !old.spec().path("hosts").equals(o.spec().path("hosts"))
                        || !old.spec().path("addresses").equals(o.spec().path("addresses"))
                                && !registry.entries().givesSameAddresses()) {
                    return false;
                }
                registry.selecting().remove(old);
                registry.selecting().put(o);
                for (ServiceModel now : registry.entries().translate(o)) {
                    Optional<ServiceModel> known = registry.byHost(now.host());
                    if (known.isEmpty()
                            || !ServiceKey.of(known.get().info()).equals(ServiceKey.of(now.info()))
                            || !isSimple(known.get())
                            || !isSame(known.get(), now)
                            || out.put(now.host(), new Changed(known.get(), now)) != null) {
                        return false;
                    }
                }
            }
        }
        return was.isEmpty();
    }

    /** Whether others may say of it what they said before. */
    private static boolean isSame(ServiceModel a, ServiceModel b) {
        if (a.ports().size() != b.ports().size()) {
            return false;
        }
        for (int i = 0; i < a.ports().size(); i++) {
            ServiceModel.Port x = a.ports().get(i);
            ServiceModel.Port y = b.ports().get(i);
            if (x.number() != y.number() || !x.name().equals(y.name()) || x.protocol() != y.protocol()) {
                return false;
            }
        }
        return a.created().equals(b.created())
                && a.resolution() == b.resolution()
                && a.waypoint().equals(b.waypoint())
                && a.traits().exportTo().equals(b.traits().exportTo());
    }

    /** The services that were reached, with the endpoints that they have now. */
    private boolean endpoints(Map<String, Changed> out) {
        hosts.addAll(out.keySet());
        if (hosts.size() > MANY) {
            return false;
        }
        for (String host : hosts) {
            Optional<ServiceModel> before = registry.byHost(host);
            if (before.isEmpty() || !isSimple(before.get())) {
                return false;
            }
            Changed known = out.get(host);
            ServiceModel now = known == null ? before.get().withEndpoints(members(before.get())) : known.now();
            registry.replace(before.get(), now);
            out.put(host, new Changed(before.get(), now));
        }
        return true;
    }

    private List<Member> members(ServiceModel s) {
        if (s.info().kind().equals("Service")) {
            return registry.kube().endpoints(s);
        }
        Optional<KubeObject> entry =
                objects.find("ServiceEntry", s.info().namespace(), s.info().name());
        Map<String, String> selector = entry.map(Selecting::selector).orElse(Map.of());
        return selector.isEmpty()
                ? s.endpoints()
                : ServiceRegistry.bySelector(s.info().namespace(), selector, s.ports(), false, registry.podIndex());
    }

    /** A service whose endpoints come from one place. */
    private boolean isSimple(ServiceModel s) {
        return registry.isAlone(s) && (!s.info().kind().equals("Service") || registry.isSingle(s));
    }
}
