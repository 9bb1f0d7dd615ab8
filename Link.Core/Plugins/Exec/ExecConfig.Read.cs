using System.Text.Json;
using System.Text.RegularExpressions;
using Link.Core.Plugins.Arp;
using Link.Core.Secrets;

namespace Link.Core.Plugins.Exec;

internal sealed partial record ExecConfig
{
    private const int MaxArguments = 64;
    private const int MaxVariables = 64;

    // Far below what execve(2) takes, and a record in etcd, 1.5 MiB.
    private const int MaxCharacters = 32 * 1024;
    private const int MaxTimeout = 300;
    private const int MaxRefreshInterval = 86_400;
    private const int MaxPathLength = 1024;

    /// <summary>The fields that decide about the election, of a stored configuration whose secrets cannot be opened.</summary>
    public static string? FindElectionKey(JsonElement config) =>
        ConfigReader.Peek(config, "resource_id") is { } id && ResourceIdSyntax().IsMatch(id) ? KeyOf(id) : null;

    /// <param name="stored">False: what a user wants. True: what is in etcd; unknown fields are ignored.</param>
    /// <param name="allowed">Which variables it may set; a stored one that it may not fails, too, for it would be run.</param>
    public static Validated<ExecConfig> Read(JsonElement config, bool stored, ProgramVariables allowed)
    {
        var read = new ConfigReader(ExecPlugin.PluginName, """{"resource_id":"db-vip","command":["/usr/local/lib/link/notify"]}""", config, stored);
        string? id = read.Text("resource_id", missing: "is missing: hosts with the same one compete; such as db-vip");
        if (id != null && !ResourceIdSyntax().IsMatch(id))
            read.Errors.Add("resource_id", "must be 1 to 128 letters, digits, dots, dashes, underscores and colons, and start with a letter or digit");
        List<string>? command = ReadCommand(read);
        string? ip = ReadAddress(read);
        int timeout = ReadSeconds(read, "timeout", 1, MaxTimeout) ?? DefaultTimeout;
        int refresh = ReadSeconds(read, "refresh_interval", 0, MaxRefreshInterval) ?? 0;
        Dictionary<string, Secret> environment = ReadVariables(read, allowed);
        string? onEtcdLoss = read.OnEtcdLoss();
        return read.Finish(() => new ExecConfig(id!, command!)
        {
            Ip = ip,
            Timeout = TimeSpan.FromSeconds(timeout),
            RefreshInterval = refresh == 0 ? null : TimeSpan.FromSeconds(refresh),
            Environment = environment,
            OnEtcdLoss = onEtcdLoss,
        });
    }

    private static List<string>? ReadCommand(ConfigReader read)
    {
        const string field = "command";
        if (!read.Has(field, out JsonElement value))
        {
            read.Errors.Add(field, """is missing: the program's path and its arguments, such as ["/usr/local/lib/link/notify","primary"]""");
            return null;
        }

        if (Strings(value) is not [_, ..] words)
        {
            read.Errors.Add(field, """must be a list of strings, the program's path first, such as ["/usr/local/lib/link/notify","primary"]""");
            return null;
        }

        if (words.Count - 1 > MaxArguments)
            read.Errors.Add(field, $"has {words.Count - 1} arguments; {MaxArguments} at most");
        if (words.Sum(word => (long)word.Length) > MaxCharacters)
            read.Errors.Add(field, $"has more than {MaxCharacters} characters");
        if (words.Exists(word => word.Contains('\0')))
            read.Errors.Add(field, "contains a NUL, which no argument can");
        if (PathFault(words[0]) is { } fault)
            read.Errors.Add(field, $"the program's path {fault}; must be an absolute one such as /usr/local/lib/link/notify");
        return words;
    }

    /// <summary>Null: not a list, or something in it is not a string.</summary>
    private static List<string>? Strings(JsonElement list)
    {
        if (list.ValueKind != JsonValueKind.Array)
            return null;
        var strings = new List<string>();
        foreach (JsonElement item in list.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String)
                return null;
            strings.Add(item.GetString()!);
        }

        return strings;
    }

    /// <summary>Of a path as it is written.</summary>
    public static string? PathFault(string path) =>
        !path.StartsWith('/') ? "is not absolute"
        : path.Length > MaxPathLength ? $"has more than {MaxPathLength} characters"
        : path.Any(char.IsControl) ? "contains a control character"
        : path[1..].Split('/').Any(part => part is "" or "." or "..") ? "contains an empty part, . or .."
        : null;

    private static Dictionary<string, Secret> ReadVariables(ConfigReader read, ProgramVariables allowed)
    {
        const string field = "environment";
        FieldErrors errors = read.Errors;
        var variables = new Dictionary<string, Secret>();
        if (!read.Has(field, out JsonElement value))
            return variables;
        if (value.ValueKind != JsonValueKind.Object)
        {
            errors.Add(field, """must be an object such as {"LINK_ENV_PORT":"5432"}""");
            return variables;
        }

        if (value.GetPropertyCount() is > MaxVariables and var count)
        {
            errors.Add(field, $"has {count} variables; {MaxVariables} at most");
            return variables;
        }

        long characters = 0;
        foreach (JsonProperty variable in value.EnumerateObject())
        {
            string name = $"{field}.{variable.Name}";
            if (!ProgramVariables.IsName(variable.Name))
                errors.Add(field, "has a name that is not 1 to 128 letters, digits and underscores, the first one no digit");
            else if (!allowed.Allows(variable.Name))
                errors.Add(name, $"is not a variable that configurations may set on this host: {allowed}; rename it, or have the administrator name it in EXEC_ENVIRONMENT_ALLOW");
            else if (variable.Value.ValueKind != JsonValueKind.String)
                errors.Add(name, "must be a string");
            else if (variable.Value.GetString()!.Contains('\0'))
                errors.Add(name, "contains a NUL, which no variable can");
            else if (!variables.TryAdd(variable.Name, new Secret(variable.Value.GetString()!)))
                errors.Add(name, "is given twice");
            else
                characters += variable.Name.Length + variables[variable.Name].Reveal().Length;
        }

        if (characters > MaxCharacters)
            errors.Add(field, $"has more than {MaxCharacters} characters");
        return variables;
    }

    /// <summary>In canonical form, with a prefix length if it has one.</summary>
    private static string? ReadAddress(ConfigReader read)
    {
        if (read.Text("ip") is not { } text)
            return null;
        bool hasPrefix = text.Contains('/');
        CidrAddress? address = CidrAddress.Parse(hasPrefix ? text : text + (text.Contains(':') ? "/128" : "/32"), out string? fault);
        if (address == null)
        {
            read.Errors.Add("ip", hasPrefix ? fault! : $"\"{ForeignText.Quotable(text)}\" is not an IP address, such as 10.0.0.1, 10.0.0.1/32 or 2001:db8::1");
            return null;
        }

        return hasPrefix ? $"{address.Address}/{address.PrefixLength}" : address.Address.ToString();
    }

    private static int? ReadSeconds(ConfigReader read, string field, int least, int most)
    {
        if (!read.Has(field, out JsonElement value))
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int seconds) && seconds >= least && seconds <= most)
            return seconds;
        read.Errors.Add(field, $"must be a whole number of seconds from {least} to {most}{(least == 0 ? ", where 0 means never" : "")}");
        return null;
    }

    /// <summary>A part of keys in etcd: no slash.</summary>
    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}\z")]
    private static partial Regex ResourceIdSyntax();
}
