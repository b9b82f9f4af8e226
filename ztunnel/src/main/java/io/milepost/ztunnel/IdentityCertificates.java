package io.milepost.ztunnel;

import io.milepost.hbone.WorkloadCertificates;
import io.milepost.mesh.SpiffeId;
import java.io.IOException;

/** Where the certificates of pods come from: one per identity, never a node's own. */
@FunctionalInterface
public interface IdentityCertificates {
    /** Opened once per identity; the ztunnel closes it. */
    WorkloadCertificates open(SpiffeId identity) throws IOException;
}
