package io.milepost.config.kube;

import io.milepost.config.kube.ServiceModel.Member;
import io.milepost.config.kube.ServiceModel.Port;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** All services of the mesh, by host and in istiod's order. */
final class ServiceRegistry {
    static final String DOMAIN = ".svc.cluster.local";
    private static final Comparator<ServiceModel> ORDER = ServiceRegistry::compare;
    private final List<ServiceModel> services;
    private final Map<String, ServiceModel> byHost = new LinkedHashMap<>();
    private final PodIndex pods;
    /** Whether a service has a wildcard as host. */
    private final boolean wildcards;

    private final KubeServices kube;
    private final ServiceEntries entries;
    private final Set<String> entryHosts;
    private final Selecting selecting;
    /** Hosts of more than one service. */
    private final Set<String> shared = new HashSet<>();

    private ServiceRegistry(
            List<ServiceModel> services,
            PodIndex pods,
            KubeServices kube,
            ServiceEntries entries,
            Set<String> entryHosts,
            Selecting selecting) {
        this.selecting = selecting;
        this.entryHosts = entryHosts;
        this.kube = kube;
        this.entries = entries;
        this.services = new ArrayList<>(services);
        this.pods = pods;
        for (ServiceModel s : services) {
            if (byHost.putIfAbsent(s.host(), s) != null) {
                shared.add(s.host());
            }
        }
        wildcards = services.stream().anyMatch(s -> s.host().startsWith("*"));
    }

    private static int compare(ServiceModel a, ServiceModel b) {
        int c = a.created().compareTo(b.created());
        c = c == 0 ? a.info().kind().compareTo(b.info().kind()) : c;
        c = c == 0 ? a.order().compareTo(b.order()) : c;
        return c == 0 ? a.info().namespace().compareTo(b.info().namespace()) : c;
    }

    /** The same service, which has changed inside. */
    void replace(ServiceModel before, ServiceModel now) {
        int at = Collections.binarySearch(services, before, ORDER);
        if (at >= 0 && services.get(at).host().equals(now.host())) {
            services.set(at, now);
        } else {
            services.replaceAll(s -> s.equals(before) ? now : s);
        }
        byHost.replace(now.host(), now);
    }

    /** The workload with this uid as it is now; empty when it is written to other objects only, or gone. */
    Optional<PodModel> pod(String uid) {
        return pods.byUid(uid);
    }

    /** Pods that can be changed. */
    PodIndex podIndex() {
        return pods;
    }

    KubeServices kube() {
        return kube;
    }

    ServiceEntries entries() {
        return entries;
    }

    Selecting selecting() {
        return selecting;
    }

    /** Whether a service shares its host with no other and stands for itself. */
    boolean isAlone(ServiceModel s) {
        return !shared.contains(s.host()) && s.traits().alias().isEmpty();
    }

    /** Whether another service has the host of one of these, too: chains and findings have names of hosts. */
    boolean shareHosts(Collection<ServiceModel> some) {
        return !shared.isEmpty() && some.stream().anyMatch(s -> shared.contains(s.host()));
    }

    /** These, and all others that have the host of one of them, in the order of all services. */
    Collection<ServiceModel> withSameHosts(Collection<ServiceModel> some) {
        if (!shareHosts(some)) {
            return some;
        }
        Set<String> hosts = new HashSet<>();
        some.forEach(s -> hosts.add(s.host()));
        return services.stream().filter(s -> hosts.contains(s.host())).toList();
    }

    /** Whether hosts may be wildcards, so that one name speaks of many. */
    boolean hasWildcards() {
        return wildcards;
    }

    /** Whether no ServiceEntry speaks of the host. */
    boolean isSingle(ServiceModel s) {
        return !entryHosts.contains(s.host());
    }

    /** @param defaultExport where services are visible that say nothing of it; empty is everywhere */
    static ServiceRegistry of(KubeObjects objects, Report report, List<String> defaultExport) {
        List<PodModel> pods = Pods.of(objects, report);
        Waypoints waypoints = new Waypoints(objects, report);
        PodIndex index = new PodIndex(pods);
        KubeServices kube = new KubeServices(objects, index, waypoints, report, defaultExport);
        List<ServiceModel> out = new ArrayList<>(kube.translate());
        ServiceEntries entries = new ServiceEntries(objects, index, waypoints, report, defaultExport);
        entries.addTo(out);
        out.sort(ORDER);
        Set<String> entryHosts = new HashSet<>();
        for (KubeObject e : objects.ofKind("ServiceEntry")) {
            e.spec().path("hosts").forEach(h -> entryHosts.add(h.asText()));
        }
        return new ServiceRegistry(out, index, kube, entries, entryHosts, new Selecting(objects));
    }

    List<ServiceModel> all() {
        return services;
    }

    List<PodModel> pods() {
        return pods.all();
    }

    Optional<PodModel> podAt(String address) {
        return pods.byAddress(address);
    }

    /** Pods, WorkloadEntries and the endpoints that are written to other objects; each once. */
    List<PodModel> workloads() {
        Map<String, PodModel> out = new LinkedHashMap<>();
        pods.all().forEach(p -> out.put(p.uid(), p));
        for (ServiceModel s : services) {
            s.endpoints().forEach(m -> out.putIfAbsent(m.pod().uid(), m.pod()));
        }
        return List.copyOf(out.values());
    }

    /** Where the waypoint itself runs: its pod with the address, else any of its pods. */
    Place placeOf(GatewayRef waypoint, String address) {
        List<PodModel> own = pods.selected(waypoint.namespace(), Map.of(Pods.GATEWAY_NAME, waypoint.name()));
        return own.stream()
                .filter(p -> p.addresses().contains(address))
                .findFirst()
                .or(() -> own.stream().findFirst())
                .map(Place::of)
                .orElse(Place.UNKNOWN);
    }

    /** The service that a parentRef names; a ServiceEntry has one for each host. */
    List<ServiceModel> byParent(ParentRef.ServiceKey key) {
        if (key.kind().equals("Service")) {
            return byHost(key.name() + "." + key.namespace() + DOMAIN).stream()
                    .filter(s -> ParentRef.ServiceKey.of(s.info()).equals(key))
                    .toList();
        }
        return services.stream()
                .filter(s -> ParentRef.ServiceKey.of(s.info()).equals(key))
                .toList();
    }

    Optional<ServiceModel> byHost(String host) {
        return Optional.ofNullable(byHost.get(host));
    }

    /** Services with one of the hosts, which may be wildcards; the same may come twice. */
    List<ServiceModel> matching(List<String> hosts) {
        List<ServiceModel> out = new ArrayList<>();
        for (String h : hosts) {
            ServiceModel one = byHost.get(h);
            if (one != null) {
                out.add(one);
            }
            if (h.startsWith("*") || wildcards) {
                services.stream()
                        .filter(s -> VirtualServices.hostMatches(h, s.host()))
                        .forEach(out::add);
            }
        }
        return out;
    }

    /** A short name is completed with the namespace of whoever wrote it. */
    static String fqdn(String host, String namespace) {
        return host.indexOf('.') >= 0 || host.equals("*") ? host : host + "." + namespace + DOMAIN;
    }

    /** The Service in front of a waypoint's pods. */
    static Optional<KubeObject> serviceOf(KubeObject gateway, KubeObjects objects) {
        for (KubeObject s : objects.ofKind("Service", gateway.namespace())) {
            if (s.name().equals(gateway.name())
                    || gateway.name()
                            .equals(s.spec()
                                    .path("selector")
                                    .path(Pods.GATEWAY_NAME)
                                    .asText())) {
                return Optional.of(s);
            }
        }
        return Optional.empty();
    }

    /** Whether a Service picks the pods of a waypoint, or one of many. */
    static boolean isOfWaypoint(KubeObject service) {
        return service.spec().path("selector").has(Pods.GATEWAY_NAME);
    }

    /** @param unready pods that are not ready count, too (publishNotReadyAddresses) */
    static List<Member> bySelector(
            String namespace, Map<String, String> selector, List<Port> ports, boolean unready, PodIndex pods) {
        Map<String, Member> out = new TreeMap<>();
        for (PodModel p : pods.selected(namespace, selector)) {
            if (p.address().isEmpty()) {
                continue;
            }
            Map<Integer, Integer> mapped = new TreeMap<>();
            for (Port port : ports) {
                Integer named =
                        port.targetName().isEmpty() ? null : p.portNames().get(port.targetName());
                if (named != null) {
                    mapped.put(port.number(), named);
                } else if (p.kind().equals("WorkloadEntry") && p.portNames().containsKey(port.name())) {
                    mapped.put(port.number(), p.portNames().getOrDefault(port.name(), port.number()));
                } else if (port.target() > 0) {
                    mapped.put(port.number(), port.target());
                }
            }
            out.put(p.address(), new Member(p.address(), mapped, p.labels(), p, p.weight(), p.ready() || unready));
        }
        return List.copyOf(out.values());
    }
}
