package io.milepost.waypoint;

import com.linecorp.armeria.common.TlsKeyPair;
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
        Thread.ofPlatform()
                .daemon()
                .name("start-tls")
                .start(() -> log.debug("native TLS: {}", OpenSsl.isAvailable()));
    }

    /** Begins to read the files. */
    static EarlyTls read(Path root, Path chain, Path key) {
        FutureTask<PemWorkloadCertificates> task =
                new FutureTask<>(() -> new PemWorkloadCertificates(root, chain, key));
        Thread.ofPlatform().daemon().name("start-certs").start(() -> {
            task.run();
            providers(chain, key);
        });
        return new EarlyTls(task);
    }

    /** Armeria makes its provider for each use; what costs are the classes, and they stay. */
    private static void providers(Path chain, Path key) {
        try {
            TlsKeyPair.of(key.toFile(), chain.toFile());
        } catch (IllegalArgumentException e) {
            log.debug("what is wrong with these files is told by whoever uses them", e);
        }
    }

    /** Waits for the certificates. */
    PemWorkloadCertificates certificates() throws IOException, InterruptedException {
        try {
            return certificates.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException io -> throw io;
                case RuntimeException r -> throw r;
                default -> throw new IllegalStateException(e.getCause());
            }
        }
    }
}
