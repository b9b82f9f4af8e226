package io.milepost.hbone;

import static java.nio.file.StandardWatchEventKinds.ENTRY_CREATE;
import static java.nio.file.StandardWatchEventKinds.ENTRY_DELETE;
import static java.nio.file.StandardWatchEventKinds.ENTRY_MODIFY;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Certificates from PEM files, read again when the files change. Files that are being replaced one by one do not fit each
 * other for a moment; such a state is skipped and the last good one stays.
 */
public final class PemWorkloadCertificates implements WorkloadCertificates {
    private static final Logger log = LoggerFactory.getLogger(PemWorkloadCertificates.class);
    private static final Duration POLL = Duration.ofSeconds(5);
    private static final long SETTLE_MILLIS = 100;
    private static final int MAX_EVENTS = 20;

    private final Path rootFile;
    private final Path chainFile;
    private final Path keyFile;
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final Thread watcher;
    private volatile Files3 content;
    private volatile Bundle bundle;
    private volatile boolean closed;

    /** The bytes as they were; comparing them is surer than time stamps. */
    @SuppressWarnings("ArrayRecordComponent") // compared by same(), never by equals
    private record Files3(byte[] root, byte[] chain, byte[] key) {
        boolean same(Files3 other) {
            return Arrays.equals(root, other.root)
                    && Arrays.equals(chain, other.chain)
                    && Arrays.equals(key, other.key);
        }
    }

    /**
     * Reads the files at once.
     *
     * @param rootFile CAs to trust
     * @param chainFile our certificate and its intermediates, leaf first
     * @param keyFile P-256 or RSA, in PKCS#8, SEC1 or PKCS#1
     * @throws IOException naming the file and what is wrong with it
     */
    public PemWorkloadCertificates(Path rootFile, Path chainFile, Path keyFile) throws IOException {
        this.rootFile = rootFile;
        this.chainFile = chainFile;
        this.keyFile = keyFile;
        this.content = read();
        try {
            this.bundle = parse(content);
        } catch (GeneralSecurityException e) {
            throw new IOException("certificates cannot be used: " + e.getMessage(), e);
        }
        this.watcher = Thread.ofPlatform().daemon().name("certificates").start(this::watch);
    }

    @Override
    public Bundle current() {
        return bundle;
    }

    @Override
    public void onChange(Runnable listener) {
        listeners.add(listener);
    }

    @Override
    public void close() {
        closed = true;
        watcher.interrupt();
    }

    private void watch() {
        try (WatchService service = watchService()) {
            while (!closed) {
                if (service == null) {
                    TimeUnit.MILLISECONDS.sleep(POLL.toMillis());
                } else {
                    // Files are replaced one after the other: what is between is neither used nor worth a warning.
                    long wait = POLL.toMillis();
                    for (int i = 0; i < MAX_EVENTS; i++) {
                        WatchKey key = service.poll(wait, TimeUnit.MILLISECONDS);
                        if (key == null) {
                            break;
                        }
                        key.pollEvents();
                        key.reset();
                        wait = SETTLE_MILLIS;
                    }
                }
                reload();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            log.warn("watching {} ended: {}", chainFile, e.toString());
        }
    }

    /** Null where the file system cannot be watched; then polling alone has to do. */
    private @Nullable WatchService watchService() {
        try {
            WatchService service = rootFile.getFileSystem().newWatchService();
            Set<Path> directories = new LinkedHashSet<>();
            for (Path file : List.of(rootFile, chainFile, keyFile)) {
                Path directory = file.toAbsolutePath().getParent();
                if (directory != null) {
                    directories.add(directory);
                }
            }
            for (Path directory : directories) {
                directory.register(service, ENTRY_CREATE, ENTRY_MODIFY, ENTRY_DELETE);
            }
            return service;
        } catch (IOException | UnsupportedOperationException e) {
            log.info("{} cannot be watched ({}), looking every {} s", chainFile, e.toString(), POLL.toSeconds());
            return null;
        }
    }

    private void reload() {
        Files3 now;
        try {
            now = read();
        } catch (IOException e) {
            log.debug("certificates are incomplete: {}", e.toString());
            return;
        }
        if (now.same(content)) {
            return;
        }
        content = now;
        try {
            bundle = parse(now);
        } catch (GeneralSecurityException e) {
            log.warn("changed certificates are not used, the last good ones stay: {}", e.getMessage());
            return;
        }
        log.info(
                "certificates reloaded, ours is valid until {}",
                bundle.chain().getFirst().getNotAfter());
        listeners.forEach(Runnable::run);
    }

    private Files3 read() throws IOException {
        return new Files3(Files.readAllBytes(rootFile), Files.readAllBytes(chainFile), Files.readAllBytes(keyFile));
    }

    private Bundle parse(Files3 files) throws GeneralSecurityException {
        List<X509Certificate> roots = PemKeys.certificates(files.root(), rootFile.toString());
        List<X509Certificate> chain = PemKeys.certificates(files.chain(), chainFile.toString());
        PrivateKey key = PemKeys.privateKey(files.key(), keyFile.toString());
        if (!belongTogether(key, chain.getFirst().getPublicKey())) {
            throw new GeneralSecurityException(
                    keyFile + " is not the key of the first certificate in " + chainFile + " (leaf first?)");
        }
        return new Bundle(key, chain, roots);
    }

    private static boolean belongTogether(PrivateKey key, PublicKey publicKey) throws GeneralSecurityException {
        if (!key.getAlgorithm().equals(publicKey.getAlgorithm())) {
            return false;
        }
        String algorithm = key.getAlgorithm().equals("EC") ? "SHA256withECDSA" : "SHA256withRSA";
        byte[] probe = {1, 2, 3};
        Signature signer = Signature.getInstance(algorithm);
        signer.initSign(key);
        signer.update(probe);
        byte[] signed = signer.sign();
        Signature verifier = Signature.getInstance(algorithm);
        verifier.initVerify(publicKey);
        verifier.update(probe);
        return verifier.verify(signed);
    }
}
