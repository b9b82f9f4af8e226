package io.milepost.ztunnel;

import io.milepost.mesh.IpAddress;
import io.milepost.mesh.Workload;
import io.milepost.ztunnel.proxy.PodProxy;
import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a ztunnel serves and where.
 *
 * @param pods names, {@code namespace/name}; empty serves all that speak HBONE
 * @param node null with {@code pods} and for all nodes; otherwise {@link Workload#node()} of the pods to serve
 * @param address of the one pod, when it is not the one that the configuration says
 * @param bind where 15001 and 15006 listen; null is the pod's own address
 * @param socks of the one pod; null is {@code socksPort} on the pod's own address
 * @param socksPort 0 for no SOCKS5
 * @param eventLoops 0 takes one per processor
 * @param drainMillis how long connections may last when it ends
 */
public record ZtunnelSettings(
        List<String> pods,
        @Nullable String node,
        @Nullable IpAddress address,
        @Nullable IpAddress bind,
        @Nullable InetSocketAddress socks,
        int hbonePort,
        int plainPort,
        int outboundPort,
        int socksPort,
        int eventLoops,
        long drainMillis) {
    static final int HBONE = 15008;
    static final int PLAIN = 15006;
    static final int OUTBOUND = 15001;
    static final int SOCKS = 15080;
    static final long DRAIN_MILLIS = 5_000;

    public ZtunnelSettings {
        pods = List.copyOf(pods);
    }

    /** All enrolled pods of a node, each on its own address. */
    public static ZtunnelSettings ofNode(String node) {
        return new ZtunnelSettings(List.of(), node, null, null, null, HBONE, PLAIN, OUTBOUND, SOCKS, 0, DRAIN_MILLIS);
    }

    /** All enrolled pods, whatever their node, each on its own address. */
    public static ZtunnelSettings ofMesh() {
        return ofPods(List.of());
    }

    /** Some pods, each on its own address. */
    public static ZtunnelSettings ofPods(List<String> pods) {
        return new ZtunnelSettings(pods, null, null, null, null, HBONE, PLAIN, OUTBOUND, SOCKS, 0, DRAIN_MILLIS);
    }

    boolean serves(Workload w) {
        if (!w.uid().contains("/Pod/") || w.addresses().isEmpty() && address == null) {
            return false;
        }
        if (pods.isEmpty()) {
            return w.hbone() && (node == null || w.node().equals(node));
        }
        return pods.contains(w.namespace() + "/" + w.name());
    }

    IpAddress addressOf(Workload w) {
        return address != null ? address : w.addresses().getFirst();
    }

    PodProxy.Listeners listeners(IpAddress pod) {
        IpAddress captured = bind != null ? bind : pod;
        InetSocketAddress entry = socksPort == 0 ? null : socks != null ? socks : at(pod, socksPort);
        return new PodProxy.Listeners(at(pod, hbonePort), at(captured, plainPort), at(captured, outboundPort), entry);
    }

    private static InetSocketAddress at(IpAddress address, int port) {
        return new InetSocketAddress(address.toInetAddress(), port);
    }
}
