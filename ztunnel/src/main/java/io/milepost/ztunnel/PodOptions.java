package io.milepost.ztunnel;

import io.milepost.hbone.PemWorkloadCertificates;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Whom it acts for, and with which certificates; a mixin of the command line. */
final class PodOptions {
    @Option(
            names = "--pod",
            paramLabel = "NAMESPACE/NAME",
            description = "A pod to act for; may be given several times.")
    private List<String> pods = new ArrayList<>();

    @Option(
            names = "--node",
            paramLabel = "NAME",
            description = "Act for all enrolled pods of this node (\"\" for pods without one) instead.")
    private @Nullable String node;

    @Option(names = "--root-cert", required = true, description = "PEM file with the roots of the mesh.")
    private @Nullable Path rootCert;

    @Option(names = "--cert", description = "PEM file with the pod's certificate chain.")
    private @Nullable Path cert;

    @Option(names = "--key", description = "PEM file with the pod's private key.")
    private @Nullable Path key;

    @Option(
            names = "--certs",
            paramLabel = "DIR",
            description = "Instead of --cert and --key: NAMESPACE-SERVICEACCOUNT.pem and .key per identity.")
    private @Nullable Path certs;

    List<String> names() {
        return pods;
    }

    @Nullable
    String node() {
        return node;
    }

    boolean isOne() {
        return node == null && pods.size() == 1;
    }

    /** Null when the options do not say whom, or not with which certificates. */
    @Nullable
    IdentityCertificates identities() {
        if (pods.isEmpty() == (node == null)) {
            return null;
        }
        Path root = java.util.Objects.requireNonNull(rootCert, "--root-cert");
        if (certs != null) {
            return new PemDirectory(root, certs);
        }
        Path chain = cert;
        Path privateKey = key;
        if (chain == null || privateKey == null || !isOne()) {
            return null;
        }
        return identity -> new PemWorkloadCertificates(root, chain, privateKey);
    }
}
