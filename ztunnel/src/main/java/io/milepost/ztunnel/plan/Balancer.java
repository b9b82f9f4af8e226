package io.milepost.ztunnel.plan;

import io.milepost.mesh.MeshService;
import io.milepost.mesh.Workload;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** ztunnel's load balancing: filter by health and port, rank by locality, choose at random by capacity. */
final class Balancer {
    /** @param port where the application (or the waypoint) listens */
    record Choice(Workload workload, int port) {}

    private Balancer() {}

    /** Null when nobody can take the connection. */
    static @Nullable Choice choose(
            MeshService service,
            List<MeshView.Endpoint> endpoints,
            int servicePort,
            Workload source,
            RandomGenerator random) {
        MeshService.Balancing how = service.balancing();
        if (how.mode() == MeshService.Mode.PASSTHROUGH) {
            return null;
        }
        List<Choice> candidates = new ArrayList<>(endpoints.size());
        int best = 0;
        for (MeshView.Endpoint e : endpoints) {
            Workload w = e.workload();
            int port = targetPort(service, e, servicePort);
            // Endpoints of other networks are behind gateways, which this ztunnel does not speak to.
            boolean reachable = !w.addresses().isEmpty() && w.network().equals(source.network());
            if (port == 0 || !reachable || !w.healthy() && !how.allowUnhealthy()) {
                continue;
            }
            int rank = switch (how.mode()) {
                case FAILOVER -> rank(how.preferences(), source, w);
                case STRICT ->
                    rank(how.preferences(), source, w) < how.preferences().size() ? -1 : 0;
                case STANDARD, PASSTHROUGH -> 0;
            };
            if (rank > best) {
                candidates.clear();
                best = rank;
            }
            if (rank == best) {
                candidates.add(new Choice(w, port));
            }
        }
        return byCapacity(candidates, random);
    }

    /** The endpoint's own port, else the service's; 0 when neither knows one. */
    private static int targetPort(MeshService service, MeshView.Endpoint e, int servicePort) {
        Integer own = e.ports().get(servicePort);
        if (own != null && own > 0) {
            return own;
        }
        return service.ports().getOrDefault(servicePort, 0);
    }

    /** How many of the preferences match from the first on. */
    private static int rank(List<MeshService.Scope> preferences, Workload source, Workload w) {
        int rank = 0;
        for (MeshService.Scope scope : preferences) {
            if (!matches(scope, source, w)) {
                break;
            }
            rank++;
        }
        return rank;
    }

    private static boolean matches(MeshService.Scope scope, Workload a, Workload b) {
        return switch (scope) {
            case REGION -> a.locality().region().equals(b.locality().region());
            case ZONE -> a.locality().zone().equals(b.locality().zone());
            case SUBZONE -> a.locality().subzone().equals(b.locality().subzone());
            case NODE -> a.node().equals(b.node());
            case CLUSTER -> a.cluster().equals(b.cluster());
            case NETWORK -> a.network().equals(b.network());
        };
    }

    private static @Nullable Choice byCapacity(List<Choice> candidates, RandomGenerator random) {
        long sum = 0;
        for (Choice c : candidates) {
            sum += c.workload().capacity();
        }
        if (sum <= 0) {
            return null;
        }
        long at = random.nextLong(sum);
        for (Choice c : candidates) {
            at -= c.workload().capacity();
            if (at < 0) {
                return c;
            }
        }
        return null;
    }
}
