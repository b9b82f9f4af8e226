package io.milepost.config.kube;

import io.milepost.mesh.SourceRef;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The YAML files of a directory (not of its subdirectories), or a single file. */
public final class ObjectFiles {
    public ObjectFiles() {}

    /** Objects and what was wrong with the text. */
    public record Parsed(List<KubeObject> objects, List<Finding> findings) {
        public Parsed {
            objects = List.copyOf(objects);
            findings = List.copyOf(findings);
        }
    }

    /** File names to texts, so that a change is seen by comparison. */
    public record Content(Map<String, String> files, List<Finding> problems) {
        public static final Content NONE = new Content(Map.of(), List.of());

        public Content {
            files = Map.copyOf(files);
            problems = List.copyOf(problems);
        }

        public Parsed parse() {
            return new ObjectFiles().parse(this);
        }
    }

    /** One file as it was read last. */
    private record ReadFile(String text, List<KubeObject> objects, List<Finding> findings) {}

    private final Map<String, ReadFile> known = new HashMap<>();

    /**
     * Parses files; those with the same text as last time are not parsed again, and objects that did not change stay the
     * same instances.
     */
    public Parsed parse(Content content) {
        known.keySet().retainAll(content.files().keySet());
        Report report = new Report();
        content.problems().forEach(report::add);
        List<KubeObject> objects = new ArrayList<>();
        Map<String, KubeObject> seen = new HashMap<>();
        for (Map.Entry<String, String> e : new TreeMap<>(content.files()).entrySet()) {
            ReadFile file = file(e.getKey(), e.getValue());
            file.findings().forEach(report::add);
            for (KubeObject o : file.objects()) {
                KubeObject before = seen.putIfAbsent(o.kind() + "/" + o.key(), o);
                if (before == null) {
                    objects.add(o);
                } else {
                    report.add(Finding.error(
                            o.ref(),
                            "is written twice, in " + before.origin() + " and " + o.origin() + ": remove one"));
                }
            }
        }
        return new Parsed(objects, report.findings());
    }

    private ReadFile file(String name, String text) {
        ReadFile before = known.get(name);
        if (before != null && before.text().equals(text)) {
            return before;
        }
        Report report = new Report();
        List<KubeObject> objects = new ArrayList<>(YamlReader.read(text, name, report));
        if (before != null) {
            Map<String, KubeObject> old = new HashMap<>();
            before.objects().forEach(o -> old.put(o.kind() + "/" + o.key(), o));
            objects.replaceAll(o -> {
                KubeObject same = old.get(o.kind() + "/" + o.key());
                return same != null && same.root().equals(o.root()) ? same : o;
            });
        }
        ReadFile file = new ReadFile(text, List.copyOf(objects), report.findings());
        known.put(name, file);
        return file;
    }

    public static Content read(Path path) {
        Map<String, String> files = new TreeMap<>();
        List<Finding> problems = new ArrayList<>();
        if (!Files.exists(path)) {
            problems.add(Finding.error(
                    new SourceRef("File", "", path.toString(), ""), "does not exist: create it or mend the path"));
            return new Content(files, problems);
        }
        for (Path p : list(path, problems)) {
            try {
                files.put(p.getFileName().toString(), Files.readString(p, StandardCharsets.UTF_8));
            } catch (IOException e) {
                problems.add(Finding.error(
                        new SourceRef("File", "", p.toString(), ""),
                        "cannot be read: " + e + "; mend its permissions"));
            }
        }
        return new Content(files, problems);
    }

    private static List<Path> list(Path path, List<Finding> problems) {
        if (!Files.isDirectory(path)) {
            return List.of(path);
        }
        try (Stream<Path> entries = Files.list(path)) {
            return entries.filter(ObjectFiles::isYaml).sorted().toList();
        } catch (IOException e) {
            problems.add(Finding.error(new SourceRef("File", "", path.toString(), ""), "cannot be listed: " + e));
            return List.of();
        }
    }

    private static boolean isYaml(Path p) {
        String name = p.getFileName().toString();
        return (name.endsWith(".yaml") || name.endsWith(".yml") || name.endsWith(".json"))
                && !name.startsWith(".")
                && Files.isRegularFile(p);
    }
}
