package io.milepost.ztunnel;

import io.milepost.hbone.PemWorkloadCertificates;
import io.milepost.hbone.WorkloadCertificates;
import io.milepost.mesh.SpiffeId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A directory with a certificate per identity: {@code <namespace>-<service account>.pem} (chain, leaf first) and {@code
 * .key}.
 */
record PemDirectory(Path root, Path directory) implements IdentityCertificates {
    @Override
    public WorkloadCertificates open(SpiffeId identity) throws IOException {
        String name = identity.namespace() + "-" + identity.serviceAccount();
        Path chain = directory.resolve(name + ".pem");
        Path key = directory.resolve(name + ".key");
        for (Path file : new Path[] {chain, key}) {
            if (!Files.isReadable(file)) {
                throw new IOException(
                        file + " for " + identity + " is missing: --certs wants " + name + ".pem and " + name + ".key");
            }
        }
        return new PemWorkloadCertificates(root, chain, key);
    }
}
