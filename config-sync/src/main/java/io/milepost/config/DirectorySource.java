package io.milepost.config;

import io.milepost.config.analyze.Analysis;
import io.milepost.config.analyze.Analyzer;
import io.milepost.config.analyze.LogCheck;
import io.milepost.config.kube.ConfigException;
import io.milepost.config.kube.Finding;
import io.milepost.config.kube.GatewayRef;
import io.milepost.config.kube.LiveTranslation;
import io.milepost.config.kube.ObjectFiles;
import io.milepost.config.kube.SnapshotBuilder;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.SnapshotSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A directory (or one file) of multi-document YAML, watched.
 *
 * <p>Changes are collected for a moment, since editors and {@code kubectl} write files in several steps. The directory
 * is also looked at every two seconds, because watching does not work on every file system. What is broken is reported
 * with object, field and mend; the last good configuration stays in force until it is mended.
 */
public final class DirectorySource implements SnapshotSource {
    private static final Logger log = LoggerFactory.getLogger(DirectorySource.class);
    private static final Duration DEBOUNCE = Duration.ofMillis(100);
    private static final Duration DEBOUNCE_MAX = Duration.ofMillis(200);
    private static final Duration POLL = Duration.ofSeconds(2);

    private final Path path;
    private final ObjectFiles parser = new ObjectFiles();
    private final Optional<GatewayRef> waypoint;
    private final SnapshotBuilder builder;
    private final LiveTranslation translation;
    private volatile List<Finding> status = List.of();
    private volatile boolean closed;
    private @Nullable Thread watcher;
    private @Nullable MeshSnapshot current;
    private ObjectFiles.Content content = ObjectFiles.Content.NONE;

    /** @param waypoint empty for a ztunnel */
    public DirectorySource(Path path, Optional<GatewayRef> waypoint, SnapshotBuilder builder) {
        this.path = path;
        this.waypoint = waypoint;
        this.builder = builder;
        this.translation = new LiveTranslation(builder, waypoint);
    }

    /** What the last look at the files had to say; errors mean that an older configuration is in force. */
    public List<Finding> status() {
        return status;
    }

    /** What there is to say about the files as they are now, good or bad. Reads them anew; may be called at any time. */
    public Analysis analyze(LogCheck logs) {
        return new Analyzer(builder, logs).analyze(ObjectFiles.read(path).parse(), waypoint);
    }

    @Override
    public void start(Consumer<MeshSnapshot> receiver) {
        WatchService watch = watch();
        content = ObjectFiles.read(path);
        SnapshotBuilder.Result first = translate(content);
        if (!first.errors().isEmpty()) {
            throw new ConfigException(first.errors());
        }
        MeshSnapshot snapshot = first.snapshot().withVersion(1);
        current = snapshot;
        receiver.accept(snapshot);
        watcher = Thread.ofPlatform().daemon().name("config-directory").start(() -> run(watch, receiver));
    }

    @Override
    public void close() {
        closed = true;
        Thread t = watcher;
        if (t != null) {
            t.interrupt();
        }
    }

    private SnapshotBuilder.Result translate(ObjectFiles.Content files) {
        ObjectFiles.Parsed parsed = parser.parse(files);
        SnapshotBuilder.Result result = translation.update(parsed.objects());
        SnapshotBuilder.Result all = result.with(parsed.findings());
        status = all.findings();
        for (Finding f : status) {
            switch (f.severity()) {
                case ERROR -> log.error("{}: {}", f.source(), f.message());
                case WARNING -> log.warn("{}: {}", f.source(), f.message());
                case INFO -> log.info("{}: {}", f.source(), f.message());
            }
        }
        return all;
    }

    private @Nullable WatchService watch() {
        try {
            WatchService service = path.getFileSystem().newWatchService();
            Path dir = Files.isDirectory(path) ? path : path.toAbsolutePath().getParent();
            if (dir == null) {
                return null;
            }
            dir.register(
                    service,
                    StandardWatchEventKinds.ENTRY_CREATE,
                    StandardWatchEventKinds.ENTRY_MODIFY,
                    StandardWatchEventKinds.ENTRY_DELETE);
            return service;
        } catch (IOException | UnsupportedOperationException e) {
            log.info("{} cannot be watched ({}); it is looked at every {} s", path, e.toString(), POLL.toSeconds());
            return null;
        }
    }

    private void run(@Nullable WatchService watch, Consumer<MeshSnapshot> receiver) {
        try {
            while (!closed) {
                await(watch);
                look(receiver);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            closeQuietly(watch);
        }
    }

    private static void await(@Nullable WatchService watch) throws InterruptedException {
        if (watch == null) {
            TimeUnit.MILLISECONDS.sleep(POLL.toMillis());
            return;
        }
        WatchKey key = watch.poll(POLL.toMillis(), TimeUnit.MILLISECONDS);
        // Changes that never pause must not hold back the configuration for ever.
        long enough = System.nanoTime() + DEBOUNCE_MAX.toNanos();
        while (key != null) {
            key.pollEvents();
            key.reset();
            key = System.nanoTime() < enough ? watch.poll(DEBOUNCE.toMillis(), TimeUnit.MILLISECONDS) : null;
        }
    }

    private void look(Consumer<MeshSnapshot> receiver) {
        try {
            ObjectFiles.Content now = ObjectFiles.read(path);
            if (now.equals(content)) {
                return;
            }
            content = now;
            SnapshotBuilder.Result result = translate(now);
            if (!result.errors().isEmpty()) {
                log.error("the last good configuration stays in force until this is mended");
                return;
            }
            MeshSnapshot before = current;
            long version = before == null ? 1 : before.version();
            if (before != null && result.snapshot().withVersion(version).equals(before)) {
                return;
            }
            MeshSnapshot next = result.snapshot().withVersion(version + 1);
            current = next;
            receiver.accept(next);
        } catch (RuntimeException e) {
            // One bad look must not end the watching.
            log.error("{} could not be read, the last good configuration stays in force", path, e);
        }
    }

    private static void closeQuietly(@Nullable WatchService watch) {
        if (watch != null) {
            try {
                watch.close();
            } catch (IOException e) {
                log.debug("closing the watch", e);
            }
        }
    }
}
