using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Link.Tests.Simulation;

namespace Link.Tests.Fuzz.Mutators;

/// <summary>Changes JSON that stays JSON most of the time: other types and sizes, names given twice, moved or unknown, numbers and texts at boundaries.</summary>
internal sealed class JsonMutator
{
    private const int MostCharacters = 64 * 1024;

    private static readonly string[] s_values =
    [
        "null", "true", "false", "0", "-0", "-1", "1.5", "1e2", "1E400", "1e-400", "2147483647", "2147483648", "-2147483649", "4294967296", "9223372036854775807", "9223372036854775808",
        "\"\"", "\"\\ud800\"", "\"a\\udc00b\"", "\"\\udbff\\udfff\"", "\"\\u0000\"", "\"\\u001b[31m\"", "\"\\u202e\"", "[]", "{}", "[[]]", "[null]", "{\"\":0}", "{\"\\ud800\":1}", "{\"a\":1,\"\\u0061\":2}",
    ];

    private readonly JsonPiece[] _corpus;
    private readonly string[] _names;
    private readonly ByteMutator _bytes;

    public JsonMutator(params IEnumerable<string> corpus)
    {
        string[] texts = [.. corpus];
        _corpus = Array.ConvertAll(texts, JsonPiece.Parse);
        _names = [.. _corpus.SelectMany(NamesIn).Distinct()];
        _bytes = new ByteMutator([.. texts.Select(FuzzText.Utf8)], "{", "}", "[", "]", ",", ":", "\"", "\\u", "\\ud800", "\\\"", "1e", "null", "\u00e9");
    }

    public byte[] Make(SimRandom random)
    {
        JsonPiece from = _corpus[random.Below(_corpus.Length)];
        var text = new StringBuilder();
        Write(text, from, random, (1 + random.Below(3)) / (double)from.Count, 0);
        if (text.Length > MostCharacters)
            text.Length = MostCharacters;
        byte[] json = FuzzText.Utf8(text.ToString());
        return random.Chance(0.2) ? _bytes.Change(random, json) : json;
    }

    private static IEnumerable<string> NamesIn(JsonPiece piece) =>
        (piece.Fields ?? []).SelectMany(static field => NamesIn(field.Value).Prepend(field.Key)).Concat((piece.Items ?? []).SelectMany(NamesIn));

    private void Write(StringBuilder text, JsonPiece piece, SimRandom random, double chance, int depth)
    {
        if (text.Length > MostCharacters)
            return;
        if (random.Chance(chance))
            WriteOther(text, piece, random, depth);
        else if (piece.Fields is { } fields)
            WriteFields(text, fields, random, chance, depth);
        else if (piece.Items is { } items)
            WriteItems(text, items, random, chance, depth);
        else
            text.Append(piece.Raw);
    }

    private void WriteFields(StringBuilder text, IReadOnlyList<KeyValuePair<string, JsonPiece>> fields, SimRandom random, double chance, int depth)
    {
        text.Append('{');
        foreach ((string name, JsonPiece value) in fields)
        {
            bool changes = random.Chance(chance / 2);
            int kind = changes ? random.Below(6) : -1;
            // Left out.
            if (kind == 0)
                continue;
            for (int times = kind == 1 ? 2 + random.Below(random.Chance(0.9) ? 2 : 500) : 1; times > 0; times--)
            {
                Separate(text, '{');
                text.Append(kind switch
                {
                    2 => OtherName(random),
                    3 => _names[random.Below(_names.Length)],
                    // The same name, written otherwise.
                    4 when name.Length > 2 && name[1] is not '\\' => $"\"\\u{(int)name[1]:x4}{name[2..]}",
                    _ => name,
                }).Append(random.Chance(chance / 8) ? " \t\r\n:" : ":");
                Write(text, value, random, chance, depth + 1);
            }

            if (kind == 5)
            {
                Separate(text, '{');
                text.Append(name).Append(':');
                WriteOther(text, value, random, depth + 1);
            }
        }

        text.Append('}');
    }

    private void WriteItems(StringBuilder text, IReadOnlyList<JsonPiece> items, SimRandom random, double chance, int depth)
    {
        text.Append('[');
        foreach (JsonPiece item in items)
        {
            for (int times = random.Chance(chance) ? random.Below(random.Chance(0.9) ? 4 : 2000) : 1; times > 0; times--)
            {
                Separate(text, '[');
                Write(text, item, random, chance, depth + 1);
            }
        }

        text.Append(']');
    }

    private void WriteOther(StringBuilder text, JsonPiece piece, SimRandom random, int depth)
    {
        switch (random.Below(9))
        {
            case 0:
                text.Append(Quote(HostileText.Pick(random)));
                break;
            case 1:
                int levels = random.Pick(10, 31, 32, 33, 63, 64, 65, 1000);
                bool objects = random.Chance(0.5);
                text.Insert(text.Length, objects ? "{\"a\":" : "[", levels).Append("0").Insert(text.Length, objects ? "}" : "]", levels);
                break;
            case 2:
                text.Append(random.Pick("", "-", "1.", "1e")).Append('9', 1 + random.Below(random.Chance(0.9) ? 30 : 5000));
                break;
            case 3 when depth < 4:
                Write(text, _corpus[random.Below(_corpus.Length)], random, 0.01, depth + 1);
                break;
            case 4 when piece.Raw is ['"', ..]:
                // Its own text, and something more.
                text.Append(piece.Raw.AsSpan(0, piece.Raw.Length - 1)).Append(Quote(HostileText.Pick(random)).AsSpan(1));
                break;
            case 5:
                text.Append('{');
                for (int i = random.Below(random.Chance(0.9) ? 5 : 3000); i >= 0; i--)
                {
                    Separate(text, '{');
                    text.Append('"').Append(i).Append(random.Chance(0.02) ? "\\ud800" : "").Append("\":1");
                }

                text.Append('}');
                break;
            case 6:
                text.Append('[').Append(string.Join(',', Enumerable.Repeat(s_values[random.Below(s_values.Length)], random.Below(random.Chance(0.9) ? 5 : 3000)))).Append(']');
                break;
            default:
                text.Append(s_values[random.Below(s_values.Length)]);
                break;
        }
    }

    private static string OtherName(SimRandom random) => random.Below(4) switch
    {
        0 => "\"\\ud800\"",
        1 => $"\"{new string('n', 1 + random.Below(random.Chance(0.9) ? 200 : 20_000))}\"",
        _ => Quote(HostileText.Pick(random)),
    };

    private static string Quote(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";

    private static void Separate(StringBuilder text, char open)
    {
        if (text[^1] != open)
            text.Append(',');
    }
}
