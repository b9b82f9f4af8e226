package io.milepost.bench.run;

import io.milepost.bench.peer.Envoy;
import io.milepost.bench.peer.Milepost;
import io.milepost.bench.peer.Proxy;
import io.milepost.bench.peer.Relay;
import io.milepost.bench.peer.Workload;
import io.milepost.testbed.ca.TestCa;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The proxies that run: each side and workload once, on an address of its own. */
public final class Deployments implements AutoCloseable {
    private static final String NET = "127.2.16.";

    private final Path folder;
    private final Milepost milepost;
    private final Milepost oneLoop;
    private final @Nullable Envoy envoy;
    private final Relay relay;
    private final Map<String, Proxy> running = new LinkedHashMap<>();
    private int started;

    /** Says with what each side is started; without a binary there is no Envoy. */
    public Deployments(Path home, Path folder, TestCa ca, @Nullable Path envoyBinary, String javaOptions) {
        this.folder = folder;
        this.milepost = new Milepost(home, ca, 0, javaOptions);
        this.oneLoop = new Milepost(home, ca, 1, javaOptions);
        this.envoy = envoyBinary == null ? null : new Envoy(envoyBinary, ca, 0);
        this.relay = new Relay(ca);
    }

    public boolean has(Side side) {
        return side != Side.ENVOY || envoy != null;
    }

    /** The running proxy; started when it does not run yet. */
    public Proxy get(Side side, Workload workload) {
        return running.computeIfAbsent(
                side + "/" + workload, k -> start(side, workload).awaitListening());
    }

    /** Starts a further one, which belongs to the caller. */
    public Proxy start(Side side, Workload workload) {
        int n = ++started;
        String address = NET + (n % 250 + 1);
        Path own = folder.resolve(n + "-" + side.name().toLowerCase(java.util.Locale.ROOT));
        return switch (side) {
            case MILEPOST -> milepost.start(workload, address, own);
            case ONE_LOOP -> oneLoop.start(workload, address, own);
            case FLOOR -> relay.start(address, own);
            case ENVOY -> {
                Envoy e = envoy;
                if (e == null) {
                    throw new IllegalStateException("there is no Envoy in this run");
                }
                yield e.start(workload, address, own);
            }
        };
    }

    /** Ends those of a workload. */
    public void stop(Workload workload) {
        for (Side side : Side.values()) {
            Proxy p = running.remove(side + "/" + workload);
            if (p != null) {
                p.close();
            }
        }
    }

    @Override
    public void close() {
        running.values().forEach(Proxy::close);
        running.clear();
    }
}
