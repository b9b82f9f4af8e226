package io.milepost.config.kube;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The translation of objects that change. {@link Changes} renews what a change reaches, if it knows that to be little;
 * anything else renews everything, except that unchanged routes are not read again. The result is always the one that
 * {@link SnapshotBuilder#build} gives for the same objects. Not thread-safe.
 */
// Objects are told apart by identity on purpose: comparing trees would cost more than translating them.
@SuppressWarnings({"ReferenceEquality", "IdentityHashMapUsage"})
public final class LiveTranslation {
    private final SnapshotBuilder builder;
    private final Optional<GatewayRef> waypoint;
    private final Map<ObjectKey, KubeObject> objects = new HashMap<>();
    private final Map<KubeObject, GatewayRoute> known = new IdentityHashMap<>();
    private @Nullable Translation translation;
    private long renewed;

    public LiveTranslation(SnapshotBuilder builder, Optional<GatewayRef> waypoint) {
        this.builder = builder;
        this.waypoint = waypoint;
    }

    /** How often everything was translated; for tests and metrics. */
    public long fullTranslations() {
        return renewed;
    }

    /** Begins anew with these objects; those that are the same as before are not read again. */
    public SnapshotBuilder.Result replace(Collection<KubeObject> all) {
        objects.clear();
        all.forEach(o -> objects.put(ObjectKey.of(o), o));
        return full();
    }

    /** Compares by identity what is there now with what was there before, and puts and removes the difference. */
    public SnapshotBuilder.Result update(Collection<KubeObject> all) {
        if (translation == null) {
            return replace(all);
        }
        Map<ObjectKey, KubeObject> gone = new HashMap<>(objects);
        List<KubeObject> put = new ArrayList<>();
        for (KubeObject o : all) {
            KubeObject old = gone.remove(ObjectKey.of(o));
            if (old != o) {
                put.add(o);
            }
        }
        return change(put, gone.values());
    }

    /**
     * Puts and removes objects.
     *
     * @param put new ones and new versions
     * @param removed what is gone; only kind, namespace and name count
     */
    public SnapshotBuilder.Result change(Collection<KubeObject> put, Collection<KubeObject> removed) {
        Translation t = translation;
        if (t != null && put.isEmpty() && removed.isEmpty()) {
            return t.result();
        }
        Map<KubeObject, Boolean> before = new IdentityHashMap<>();
        for (KubeObject o : removed) {
            KubeObject old = objects.remove(ObjectKey.of(o));
            if (old != null) {
                before.put(old, true);
            }
        }
        for (KubeObject o : put) {
            KubeObject old = objects.put(ObjectKey.of(o), o);
            if (old != null) {
                before.put(old, true);
            }
        }
        if (t == null) {
            return full();
        }
        t.objects().replace(put, before.keySet());
        return new Changes(t).carry(put, before.keySet()) ? t.result() : full();
    }

    private SnapshotBuilder.Result full() {
        renewed++;
        // What the old one knows is of no use any more; the heap need not hold both.
        translation = null;
        Translation t = builder.translate(new KubeObjects(objects.values()), waypoint, new Report(), known);
        translation = t;
        return t.result();
    }
}
