package io.milepost.config.kube;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Which services of a waypoint an object reaches. Empty whenever it may reach further than a few of them, or has a form
 * that only a whole translation judges rightly.
 */
final class Reach {
    /** Beyond that a whole translation costs no more. */
    private static final int MANY = 100;

    private final ServiceRegistry registry;
    private final WaypointTranslation waypoint;

    Reach(ServiceRegistry registry, WaypointTranslation waypoint) {
        this.registry = registry;
        this.waypoint = waypoint;
    }

    /** Whether objects change nothing but where requests and connections go. */
    static boolean onlyRoutes(Collection<KubeObject> objects) {
        return objects.stream().allMatch(o -> o.kind().equals("VirtualService"));
    }

    /** What both the old versions and the new ones reach. */
    Optional<Set<ServiceModel>> of(Collection<KubeObject> put, Collection<KubeObject> before) {
        List<KubeObject> all = new ArrayList<>(before);
        all.addAll(put);
        Set<ServiceModel> out = new LinkedHashSet<>();
        for (KubeObject o : all) {
            Optional<Set<ServiceModel>> one = of(o);
            if (one.isEmpty()) {
                return Optional.empty();
            }
            out.addAll(one.get());
        }
        return out.stream().allMatch(registry::isAlone) ? Optional.of(out) : Optional.empty();
    }

    private Optional<Set<ServiceModel>> of(KubeObject o) {
        return switch (o.kind()) {
            case "VirtualService" -> virtualService(o);
            case "DestinationRule" -> destinationRule(o);
            default -> Optional.empty();
        };
    }

    /** Delegates, and whoever delegates, are a matter of several objects. */
    private Optional<Set<ServiceModel>> virtualService(KubeObject o) {
        JsonNode hosts = o.spec().path("hosts");
        if (!hosts.isArray() || hosts.isEmpty() || registry.hasWildcards()) {
            return Optional.empty();
        }
        List<String> full = new ArrayList<>();
        for (JsonNode h : hosts) {
            if (!h.isTextual() || h.asText().contains("*")) {
                return Optional.empty();
            }
            full.add(ServiceRegistry.fqdn(h.asText(), o.namespace()));
        }
        for (JsonNode entry : o.spec().path("http")) {
            if (entry.has("delegate")) {
                return Optional.empty();
            }
        }
        return Optional.of(served(registry.matching(full)));
    }

    /** Whoever asked for the rules of the host, be it to name a subset in a route. */
    private Optional<Set<ServiceModel>> destinationRule(KubeObject o) {
        String host = DestinationRules.hostOf(o);
        if (!o.spec().path("host").isTextual()
                || host.contains("*")
                || registry.hasWildcards()
                || !waypoint.foreign().of(host).isEmpty()) {
            return Optional.empty();
        }
        Set<ServiceModel> out = new LinkedHashSet<>();
        registry.byHost(host).ifPresent(out::add);
        for (String reader : waypoint.destinationRules().readers(host)) {
            registry.byHost(reader).ifPresent(out::add);
        }
        return out.size() > MANY ? Optional.empty() : Optional.of(served(out));
    }

    private Set<ServiceModel> served(Collection<ServiceModel> services) {
        Set<ServiceModel> out = new LinkedHashSet<>();
        services.stream().filter(waypoint::serves).forEach(out::add);
        return out;
    }
}
