package io.milepost.bench.translation;

import io.milepost.config.kube.GatewayRef;
import io.milepost.config.kube.KubeObject;
import io.milepost.config.kube.LiveTranslation;
import io.milepost.config.kube.ObjectFiles;
import io.milepost.config.kube.SnapshotBuilder;
import io.milepost.config.kube.authz.AuthorizationTranslator;
import io.milepost.mesh.MeshSnapshot;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Translates a large mesh once, as a waypoint does when it starts, then changes single objects, and prints what it took:
 * a line of key and number each. Arguments: services, routes of each.
 */
public final class TranslationMain {
    /** Keys of the lines. */
    public static final String PARSE = "parse_s";

    public static final String FULL = "full_s";
    public static final String ROUTE = "route_ms";
    public static final String POLICY = "policy_ms";
    public static final String ENDPOINT = "endpoint_ms";
    /** With all that is kept to translate the next change: objects as they were written, indexes. */
    public static final String HEAP = "heap_kib";

    public static final String SNAPSHOT = "snapshot_kib";

    private static final int CHANGES = 300;
    /** What is measured is held here and nowhere else: a local variable would keep it. */
    private static @Nullable LiveTranslation live;

    private static @Nullable MeshSnapshot snapshot;

    private TranslationMain() {}

    /** Runs in a process of its own, so that code and heap are those of a start. */
    public static void main(String[] args) {
        int services = Integer.parseInt(args[0]);
        int routes = Integer.parseInt(args[1]);
        double empty = usedKib();
        translate(LargeMesh.yaml(services, routes));
        print(HEAP, (usedKib() - empty) / services);
        change(services, routes);
        live = null;
        print(SNAPSHOT, (usedKib() - empty) / services);
        if (snapshot == null || snapshot.httpChains().size() <= services) {
            throw new IllegalStateException("the snapshot is gone or not whole");
        }
    }

    private static void translate(String yaml) {
        long begun = System.nanoTime();
        List<KubeObject> objects = parse(yaml);
        print(PARSE, (System.nanoTime() - begun) / 1e9);
        LiveTranslation translation = new LiveTranslation(
                new SnapshotBuilder(new AuthorizationTranslator()), Optional.of(new GatewayRef("default", "waypoint")));
        begun = System.nanoTime();
        snapshot = translation.replace(objects).snapshot();
        print(FULL, (System.nanoTime() - begun) / 1e9);
        live = translation;
    }

    private static void change(int services, int routes) {
        LiveTranslation translation = live;
        if (translation == null) {
            throw new IllegalStateException("nothing was translated");
        }
        print(ROUTE, change(translation, services, i -> LargeMesh.route(i, routes, 1)));
        print(ENDPOINT, change(translation, services, i -> LargeMesh.slice(i, 1)));
        print(POLICY, change(translation, services, i -> LargeMesh.policy(i, 1)));
        if (translation.fullTranslations() != 1) {
            throw new IllegalStateException("a change cost a full translation");
        }
    }

    /** The median of the later half of some changes, each of another object, in milliseconds. */
    private static double change(LiveTranslation translation, int services, IntFunction<String> yaml) {
        double[] took = new double[CHANGES];
        for (int i = 0; i < CHANGES; i++) {
            List<KubeObject> put = parse(yaml.apply(i * 37 % services));
            long begun = System.nanoTime();
            snapshot = translation.change(put, List.of()).snapshot();
            took[i] = (System.nanoTime() - begun) / 1e6;
        }
        double[] late = Arrays.copyOfRange(took, CHANGES / 2, CHANGES);
        Arrays.sort(late);
        return late[late.length / 2];
    }

    private static List<KubeObject> parse(String yaml) {
        return new ObjectFiles.Content(Map.of("mesh.yaml", yaml), List.of())
                .parse()
                .objects();
    }

    private static double usedKib() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / 1024.0;
    }

    private static void print(String key, double value) {
        System.out.println(key + " " + value);
    }
}
