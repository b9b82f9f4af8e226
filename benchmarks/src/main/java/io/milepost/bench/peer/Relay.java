package io.milepost.bench.peer;

import io.milepost.bench.mesh.BenchMesh;
import io.milepost.testbed.ca.TestCa;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Starts the floor: {@link RelayMain}. */
public final class Relay {
    private final TestCa ca;

    public Relay(TestCa ca) {
        this.ca = ca;
    }

    /** Starts one in front of the first pod. */
    public Proxy start(String address, Path folder) {
        TestCa.Leaf identity = ca.leaf("default", "waypoint");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:+UseCompactObjectHeaders",
                "-Xms64m",
                "-Xmx128m",
                "-Xmn32m",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Dio.netty.allocator.type=pooled",
                "-Dio.netty.allocator.numDirectArenas=2",
                "-Dio.netty.allocator.maxOrder=6",
                "-Dio.netty.leakDetection.level=disabled",
                "-cp",
                System.getProperty("java.class.path"),
                RelayMain.class.getName(),
                address,
                BenchMesh.PODS.getFirst().ip(),
                ca.root().toString(),
                identity.cert().toString(),
                identity.key().toString()));
        return Proxy.start("floor", address, folder, command, Map.of("MALLOC_ARENA_MAX", "2"), false);
    }
}
