package io.milepost.waypoint;

import com.linecorp.armeria.internal.common.util.MinifiedBouncyCastleProvider;
import io.milepost.hbone.PemWorkloadCertificates;
import io.netty.handler.ssl.OpenSsl;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What TLS needs at the start, on threads of its own while the command line and the configuration are read: native libraries,
 * security providers (Armeria's computes all of BouncyCastle's curves), our certificates. It is half of a start's time.
 */
final class EarlyTls {
    private static final Logger log = LoggerFactory.getLogger(EarlyTls.class);

    private final FutureTask<PemWorkloadCertificates> certificates;

    private EarlyTls(FutureTask<PemWorkloadCertificates> certificates) {
        this.certificates = certificates;
    }

    /** Loads what is needed whatever the command line says. */
    static void libraries() {
        Thread.ofPlatform().daemon().name("start-tls").start(() -> log.debug("native TLS: {}", OpenSsl.isAvailable()));
    }

    /** Begins to read the files. */
    static EarlyTls read(Path root, Path chain, Path key) {
        FutureTask<PemWorkloadCertificates> task =
                new FutureTask<>(() -> new PemWorkloadCertificates(root, chain, key));
        Thread.ofPlatform().daemon().name("start-certs").start(() -> {
            task.run();
            // Armeria makes its provider anew for each context; what costs are the classes, and they stay.
            MinifiedBouncyCastleProvider.call(() -> {});
        });
        return new EarlyTls(task);
    }

    /** Waits for the certificates. */
    PemWorkloadCertificates certificates() throws IOException, InterruptedException {
        try {
            return certificates.get();
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            if (cause instanceof IOException io) {
                throw io;
            }
            throw new IllegalStateException(cause);
        }
    }
}
