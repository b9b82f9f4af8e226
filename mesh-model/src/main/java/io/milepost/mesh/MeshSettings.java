package io.milepost.mesh;

import java.util.List;

/**
 * What holds for the whole mesh.
 *
 * @param trustDomain for example {@code cluster.local}
 * @param aliases further accepted trust domains
 * @param drainMillis terminationDrainDuration (5 s by default)
 */
public record MeshSettings(
        String trustDomain,
        List<String> aliases,
        String rootNamespace,
        long drainMillis,
        long protocolDetectionMillis) {
    public static final MeshSettings DEFAULT =
            new MeshSettings("cluster.local", List.of(), "istio-system", 5_000, 15_000);

    public MeshSettings {
        aliases = List.copyOf(aliases);
    }
}
