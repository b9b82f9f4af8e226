package io.milepost.waypoint.exchange;

import io.milepost.mesh.IpAddress;
import io.milepost.waypoint.upstream.ClusterManager;
import io.milepost.waypoint.upstream.Connector;
import io.milepost.waypoint.upstream.LoopPools;
import io.milepost.waypoint.upstream.Pick;
import io.netty.channel.EventLoop;
import io.netty.util.AsciiString;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.SplittableRandom;

/** What belongs to one event loop: its connections to endpoints and its randomness. */
public final class WorkerContext {
    private final EventLoop loop;
    private final ClusterManager clusters;
    private final Connector connector;
    private final LoopPools pools;
    private final BodyBudget bodies;
    private final SplittableRandom random = new SplittableRandom();
    private final Pick pick;

    public WorkerContext(EventLoop loop, ClusterManager clusters, Connector connector, BodyBudget bodies) {
        this.loop = loop;
        this.clusters = clusters;
        this.connector = connector;
        this.bodies = bodies;
        this.pools = new LoopPools(loop, connector);
        this.pick = new Pick(clusters.newLoop(), random);
        clusters.register(pools);
    }

    public EventLoop loop() {
        return loop;
    }

    public ClusterManager clusters() {
        return clusters;
    }

    public Connector connector() {
        return connector;
    }

    /** Shared by all event loops. */
    BodyBudget bodies() {
        return bodies;
    }

    public LoopPools pools() {
        return pools;
    }

    /** The loop's question to balancers; used again for every request. */
    public Pick pick() {
        return pick;
    }

    public SplittableRandom random() {
        return random;
    }

    /** {@code ip:port} of a socket address; other addresses print as they are. */
    public AsciiString addressText(SocketAddress a) {
        return a instanceof InetSocketAddress i && i.getAddress() != null
                ? new AsciiString(ClientConnection.text(IpAddress.of(i.getAddress()), i.getPort()))
                : new AsciiString(String.valueOf(a));
    }
}
