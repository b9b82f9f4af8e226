package io.milepost.waypoint;

import io.milepost.mesh.Cidr;
import io.milepost.mesh.Dispatch;
import io.milepost.mesh.Dispatch.PortDispatch;
import io.milepost.mesh.HttpChain;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.TcpChain;
import io.milepost.waypoint.exchange.HttpService;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A snapshot, compiled: published by one volatile write, pinned by each tunnel and exchange that begins with it. */
final class CompiledMesh {
    private final MeshSnapshot snapshot;
    private final Map<IpAddress, Dispatch.Service> byAddress = new HashMap<>();
    private final List<Range> ranges = new ArrayList<>();
    private final Map<String, HttpService> http = new HashMap<>();
    private final Map<String, TcpService> tcp = new HashMap<>();

    private record Range(Cidr range, Dispatch.Service service) {}

    /**
     * Compiles; what did not change is taken over from the mesh before.
     *
     * @throws IllegalArgumentException when something cannot be compiled (the mesh before then stays in force)
     */
    static CompiledMesh compile(
            MeshSnapshot snapshot,
            @Nullable CompiledMesh before,
            Function<HttpChain, HttpService> httpCompiler,
            Function<TcpChain, TcpService> tcpCompiler) {
        return new CompiledMesh(snapshot, before, httpCompiler, tcpCompiler);
    }

    private CompiledMesh(
            MeshSnapshot snapshot,
            @Nullable CompiledMesh before,
            Function<HttpChain, HttpService> httpCompiler,
            Function<TcpChain, TcpService> tcpCompiler) {
        this.snapshot = snapshot;
        for (HttpChain c : snapshot.httpChains().values()) {
            HttpService known = before == null ? null : before.http.get(c.name());
            http.put(c.name(), known != null && known.chain().equals(c) ? known : httpCompiler.apply(c));
        }
        for (TcpChain c : snapshot.tcpChains().values()) {
            TcpService known = before == null ? null : before.tcp.get(c.name());
            tcp.put(c.name(), known != null && known.chain().equals(c) ? known : tcpCompiler.apply(c));
        }
        for (Dispatch.Service s : snapshot.dispatch().services()) {
            for (Cidr c : s.addresses()) {
                if (c.isSingle()) {
                    byAddress.putIfAbsent(c.address(), s);
                } else {
                    ranges.add(new Range(c, s));
                }
            }
        }
        // Longest prefix first; equal prefixes keep the order of the list.
        ranges.sort((a, b) -> Integer.compare(b.range.prefix(), a.range.prefix()));
    }

    MeshSnapshot snapshot() {
        return snapshot;
    }

    /** What serves a destination; null when nothing does. */
    @Nullable
    PortDispatch find(IpAddress ip, int port) {
        Dispatch.Service s = byAddress.get(ip);
        if (s == null) {
            for (Range r : ranges) {
                if (r.range.contains(ip)) {
                    s = r.service;
                    break;
                }
            }
        }
        if (s != null) {
            return s.ports().get(port);
        }
        for (Cidr c : snapshot.dispatch().workloads()) {
            if (c.contains(ip)) {
                Dispatch.Direct d = snapshot.dispatch().direct();
                return new PortDispatch.Detect(d.httpChain(), d.tcpChain());
            }
        }
        return null;
    }

    @Nullable
    HttpService http(String chain) {
        return http.get(chain);
    }

    @Nullable
    TcpService tcp(String chain) {
        return tcp.get(chain);
    }
}
