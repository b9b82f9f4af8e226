package io.milepost.testbed.demo;

import io.milepost.hbone.PemWorkloadCertificates;
import io.milepost.mesh.SnapshotSource;
import io.milepost.mesh.Workload;
import io.milepost.testbed.ca.TestCa;
import io.milepost.ztunnel.Ztunnel;
import io.milepost.ztunnel.ZtunnelSettings;
import io.milepost.ztunnel.proxy.PodProxy;
import java.util.function.Supplier;

/** The demo's ztunnel: it serves all enrolled pods, each on its own address, in this process. */
final class ZtunnelNode implements MeshProcess {
    private final Ztunnel ztunnel;

    ZtunnelNode(SnapshotSource source, Supplier<TestCa> authority, LogTap accessLog) {
        ztunnel = Ztunnel.start(
                ZtunnelSettings.ofMesh(),
                source,
                identity -> {
                    TestCa ca = authority.get();
                    TestCa.Leaf leaf = ca.leaf(identity.namespace(), identity.serviceAccount());
                    return new PemWorkloadCertificates(ca.root(), leaf.cert(), leaf.key());
                },
                accessLog::accept);
        if (!ztunnel.pending().isEmpty()) {
            String pending = String.join(", ", ztunnel.pending());
            ztunnel.close();
            throw new DemoException("the ztunnel cannot serve " + pending + ": see above (is another demo running?)");
        }
    }

    @Override
    public String describe() {
        StringBuilder text =
                new StringBuilder("ztunnel for " + ztunnel.proxies().size() + " pods:");
        for (PodProxy proxy : ztunnel.proxies().values()) {
            Workload pod = proxy.pod();
            text.append("\n    pod ").append(pod.name()).append(" on ").append(proxy.address());
            text.append(": HBONE :15008, SOCKS5 :")
                    .append(Pod.SOCKS_PORT)
                    .append(", ")
                    .append(pod.identity());
        }
        return text.toString();
    }

    @Override
    public void close() {
        ztunnel.close();
    }
}
