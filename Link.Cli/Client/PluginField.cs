using System.CommandLine;
using System.Text.Json;
using Link.Cli.CommandLine;

namespace Link.Cli.Client;

/// <summary>A field of plugins' configurations, and the option that gives it.</summary>
/// <param name="Name">In the configuration.</param>
/// <param name="Option">Its values are a text, or a list of texts, as <paramref name="Kind"/> says.</param>
/// <param name="Plugins">Which have it.</param>
/// <param name="IsNeeded">The plugin cannot do without it; false for a field that some can do without.</param>
internal sealed record PluginField(string Name, PluginFieldKind Kind, Option Option, string[] Plugins, bool IsNeeded = false)
{
    /// <summary>The environment variable that gives a secret.</summary>
    public string Variable => $"LINK_PLUGIN_{Name.ToUpperInvariant()}";

    /// <summary>What stands behind the first text of a <see cref="PluginFieldKind.Command"/>.</summary>
    public Option<string[]>? Rest { get; init; }

    public bool IsFor(string plugin) => Array.IndexOf(Plugins, plugin) >= 0;

    /// <summary>Whether the command line has it.</summary>
    public bool IsGiven(ParseResult parsed) => parsed.GetResult(Option) is { Implicit: false };

    /// <returns>False: it is not given.</returns>
    public bool Write(Utf8JsonWriter json, ClientRun run, GivenText given)
    {
        if (Kind == PluginFieldKind.Following)
        {
            return false;
        }

        if (IsGiven(run.Parsed))
        {
            json.WritePropertyName(Name);
            WriteValue(json, run.Parsed, given);
            return true;
        }

        if (Kind == PluginFieldKind.Secret && run.Console.Environment(Variable) is { Length: > 0 } secret)
        {
            json.WriteString(Name, secret);
            return true;
        }

        return false;
    }

    private void WriteValue(Utf8JsonWriter json, ParseResult parsed, GivenText given)
    {
        switch (Kind)
        {
            case PluginFieldKind.Text:
                json.WriteStringValue(Text(parsed));
                break;

            case PluginFieldKind.Secret:
                json.WriteStringValue(given.Read(Option.Name, Text(parsed)));
                break;

            case PluginFieldKind.File:
                // Without the @ of other options: text that is no path would be of no use here.
                string path = Text(parsed);
                json.WriteStringValue(path is ['@', ..] ? given.Read(Option.Name, path) : given.ReadFrom(Option.Name, path));
                break;

            case PluginFieldKind.WholeNumber:
                json.WriteNumberValue(GlobalOptions.WholeSeconds(Option.Name, Text(parsed)));
                break;

            case PluginFieldKind.Command:
                json.WriteStartArray();
                json.WriteStringValue(Text(parsed));
                Array.ForEach(parsed.GetValue(Rest!) ?? [], json.WriteStringValue);
                json.WriteEndArray();
                break;

            case PluginFieldKind.Variables:
                WritePairs(json, parsed, '=', "NAME=VALUE", (name, value) => given.Read($"{Option.Name} {name}", value));
                break;

            case PluginFieldKind.Headers:
                WritePairs(json, parsed, ':', "\"Name: value\"", (name, value) => given.Read($"{Option.Name} {name}", value.Trim()));
                break;
        }
    }

    private void WritePairs(Utf8JsonWriter json, ParseResult parsed, char separator, string form, Func<string, string, string> read)
    {
        HashSet<string> names = [];
        json.WriteStartObject();
        foreach (string pair in Texts(parsed))
        {
            int at = pair.IndexOf(separator);
            string name = at < 0 ? "" : pair[..at].Trim();
            if (name.Length == 0)
            {
                // Not the whole: it may be a secret.
                throw new UsageException($"{Option.Name} is written as {form}");
            }

            if (!names.Add(name))
            {
                throw new UsageException($"{Option.Name} gives {name} twice");
            }

            json.WriteString(name, read(name, pair[(at + 1)..]));
        }

        json.WriteEndObject();
    }

    private string Text(ParseResult parsed) => parsed.GetValue((Option<string?>)Option) ?? "";

    private string[] Texts(ParseResult parsed) => parsed.GetValue((Option<string[]>)Option) ?? [];
}
