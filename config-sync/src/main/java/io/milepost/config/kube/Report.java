package io.milepost.config.kube;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What one translation has to say about its input, and which fields it has looked at, kept by the part of the
 * translation that did so: when a part is done again, what it said before is dropped. Not thread-safe.
 */
// Objects are told apart by identity: comparing whole trees would cost more than reading them.
@SuppressWarnings({"IdentityHashMapUsage", "ReferenceEquality"})
public final class Report {
    private static final String REST = "";

    /** What one part of the translation said, and which fields it read. */
    private static final class Part {
        private final Set<Finding> findings = new LinkedHashSet<>(2);
        private final Map<KubeObject, ReadFields> read = new IdentityHashMap<>(2);
        /** What the part read when it was done before. */
        private Map<KubeObject, ReadFields> before = Map.of();
    }

    private record Redone(String name, Part part) {}

    private final Map<String, Part> parts = new HashMap<>();
    /** Those that have something to say: few of many. */
    private final Set<Part> talking = new LinkedHashSet<>();

    private final Map<KubeObject, Set<Part>> readers = new IdentityHashMap<>();
    private final Map<KubeObject, List<Finding>> unread = new IdentityHashMap<>();
    /** What has to be asked again for fields that nobody reads. */
    private final Set<KubeObject> changed = Collections.newSetFromMap(new IdentityHashMap<>());

    private final List<Redone> redone = new ArrayList<>();

    /** The name of the part in hand; most parts have nothing to say and come never to be. */
    private String name = REST;

    private @Nullable Part current;

    /** What was given out last; findings seldom change. */
    private Set<Finding> last = Set.of();

    private List<Finding> sorted = List.of();

    private Part current() {
        Part p = current;
        if (p == null) {
            p = parts.computeIfAbsent(name, k -> new Part());
            current = p;
        }
        return p;
    }

    /** The part that deals with nothing but one object. */
    static String part(KubeObject o) {
        return o.kind() + "/" + o.key();
    }

    /** What is said and read meanwhile belongs to a part. */
    void in(String part, Runnable work) {
        in(part, () -> {
            work.run();
            return part;
        });
    }

    <T> T in(String part, Supplier<T> work) {
        String before = name;
        Part outer = current;
        name = part;
        current = null;
        try {
            return work.get();
        } finally {
            name = before;
            // Work of the outer part may have been dropped or begun meanwhile.
            current = outer == null ? null : parts.get(before);
        }
    }

    /** Forgets what a part said, because it is done again. */
    void again(String part) {
        Part old = parts.remove(part);
        if (old != null) {
            talking.remove(old);
            old.read.keySet().forEach(o -> readers.getOrDefault(o, Set.of()).remove(old));
            Part anew = new Part();
            anew.before = old.read;
            parts.put(part, anew);
            redone.add(new Redone(part, anew));
        }
    }

    /** Forgets an object that is gone, and the part that deals with it. */
    void forget(KubeObject o) {
        again(part(o));
        // What was read of it before is no reason to say nothing when it is read again, because it is there after all.
        redone.forEach(r -> r.part().before.remove(o));
        Set<Part> of = readers.remove(o);
        if (of != null) {
            of.forEach(p -> p.read.remove(o));
        }
        unread.remove(o);
        changed.remove(o);
    }

    public void add(Finding finding) {
        Part part = current();
        if (part.findings.add(finding)) {
            talking.add(part);
        }
    }

    /** The fields of an object, counted as read when they are read. */
    public Fields open(KubeObject object) {
        read(object);
        return new Fields(object, "", object.root(), this);
    }

    /** Where to note what is read of an object. */
    ReadFields read(KubeObject object) {
        Part part = current();
        ReadFields known = part.read.get(object);
        if (known == null) {
            known = new ReadFields();
            part.read.put(object, known);
            readers.computeIfAbsent(object, o -> Collections.newSetFromMap(new IdentityHashMap<>(2)))
                    .add(part);
            if (!part.before.containsKey(object)) {
                changed.add(object);
            }
        }
        return known;
    }

    /** Reports every field below spec (or data) of the opened objects that nobody has read. */
    public void reportUnread() {
        for (Redone r : redone) {
            Part p = r.part();
            p.before.forEach((o, fields) -> {
                if (!fields.isSame(p.read.get(o))) {
                    changed.add(o);
                }
            });
            p.before = Map.of();
            if (p.findings.isEmpty() && p.read.isEmpty()) {
                parts.remove(r.name(), p);
            }
        }
        redone.clear();
        for (KubeObject o : changed) {
            List<ReadFields> of = new ArrayList<>(2);
            for (Part p : readers.getOrDefault(o, Set.of())) {
                ReadFields fields = p.read.get(o);
                if (fields != null) {
                    of.add(fields);
                }
            }
            List<Finding> found = new ArrayList<>();
            JsonNode spec = o.spec();
            if (!spec.isMissingNode() && Boolean.FALSE.equals(whole(o.root(), "spec", spec, of))) {
                unread(o, new StringBuilder("spec"), spec, of, found);
            }
            if (found.isEmpty()) {
                unread.remove(o);
            } else {
                unread.put(o, found);
            }
        }
        changed.clear();
    }

    private static void unread(
            KubeObject object, StringBuilder path, JsonNode node, List<ReadFields> of, List<Finding> found) {
        int length = path.length();
        if (node.isObject()) {
            for (Map.Entry<String, JsonNode> e : node.properties()) {
                path.append('.').append(e.getKey());
                check(object, path, whole(node, e.getKey(), e.getValue(), of), e.getValue(), of, found);
                path.setLength(length);
            }
        } else if (node.isArray()) {
            for (int i = 0; i < node.size(); i++) {
                path.append('[').append(i).append(']');
                check(object, path, whole(node, "", node.get(i), of), node.get(i), of, found);
                path.setLength(length);
            }
        }
    }

    private static void check(
            KubeObject object,
            StringBuilder path,
            @Nullable Boolean whole,
            JsonNode node,
            List<ReadFields> of,
            List<Finding> found) {
        if (whole == null) {
            if (!node.isNull()) {
                found.add(Finding.warning(
                        object.ref(path.toString()),
                        "ignored: this field has no effect here; remove it or do not rely on it"));
            }
        } else if (!whole) {
            unread(object, path, node, of, found);
        }
    }

    /** Null when no part read it; true when one took it with all that is below. */
    private static @Nullable Boolean whole(JsonNode in, String name, JsonNode field, List<ReadFields> of) {
        Boolean seen = null;
        for (int i = 0; i < of.size(); i++) {
            Boolean one = of.get(i).whole(in, name, field);
            if (one != null) {
                if (one) {
                    return true;
                }
                seen = false;
            }
        }
        return seen;
    }

    /** In a stable order, so that equal input gives an equal report. */
    public List<Finding> findings() {
        return sorted(List.of());
    }

    /** Together with others. */
    List<Finding> sorted(Collection<Finding> more) {
        if (more.isEmpty() && talking.isEmpty() && unread.isEmpty()) {
            return List.of();
        }
        Set<Finding> all = new LinkedHashSet<>(more);
        talking.forEach(p -> all.addAll(p.findings));
        unread.values().forEach(all::addAll);
        if (!all.equals(last)) {
            record Keyed(Finding finding, String source) {}
            List<Keyed> out = new ArrayList<>(all.size());
            all.forEach(f -> out.add(new Keyed(f, f.source().toString())));
            out.sort(Comparator.comparing((Keyed k) -> k.finding().severity())
                    .thenComparing(Keyed::source)
                    .thenComparing(k -> k.finding().message()));
            last = all;
            sorted = out.stream().map(Keyed::finding).toList();
        }
        return sorted;
    }

    public List<Finding> errors() {
        return findings().stream()
                .filter(f -> f.severity() == Finding.Severity.ERROR)
                .toList();
    }
}
