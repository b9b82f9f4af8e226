package io.milepost.config.kube;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;

/** Jackson's own conversion is the reference. */
class JsonTreesTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{a: 1, b: -7, c: 12345678901, d: 123456789012345678901234567890, e: 1.5, f: .inf, g: .nan}",
                "{text: x, empty: '', quoted: '1', yes: no, nothing: null, tilde: ~, hex: 0x1F, long: \"a\\nb\"}",
                "[[], {}, [1, [2, {a: [b]}]], null]",
                "{1: a, true: b, 12345678901: c, 1.5: d, '1': e}",
                "{? !!timestamp 2001-12-14 : a}",
                "{a: !!binary aGVsbG8=, b: !!set {x, y}, c: !!timestamp 2001-12-14t21:59:43.10-05:00}",
                "{base: &b {x: 1}, merged: {<<: *b, y: 2}, same: [*b, *b]}",
                "just text",
                "~"
            })
    void treesAreThoseOfJackson(String yaml) {
        Object value = new Yaml().load(yaml);
        assertThat(JsonTrees.of(value)).isEqualTo(new ObjectMapper().valueToTree(value));
    }

    @Test
    void whatContainsItselfIsRefused() {
        List<Object> list = new ArrayList<>();
        list.add(list);
        assertThatThrownBy(() -> JsonTrees.of(list))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("contains itself");
    }

    /** Words that YAML 1.1 takes for something else than text, and longer ones that it does not. */
    @Test
    void wordsOfYamlKeepTheirMeaning() {
        String yaml = """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: words}
                data: {a: yes, b: Off, c: false, d: null, e: falsehood, f: nullable, g: 0x10, h: 1_000, i: e5, j: y}
                """;
        List<KubeObject> read = YamlReader.read(yaml, "words.yaml", new Report());
        assertThat(read.getFirst().root().path("data")).hasToString("""
                        {"a":true,"b":false,"c":false,"d":null,"e":"falsehood","f":"nullable","g":16,"h":1000,"i":"e5","j":"y"}""");
    }
}
