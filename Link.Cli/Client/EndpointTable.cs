using System.Globalization;
using System.Text.Json;
using Link.Core.Api;

namespace Link.Cli.Client;

/// <summary>Endpoints as a table, one a line; or one endpoint, a field a line.</summary>
internal static class EndpointTable
{
    // On a terminal: vip- and eight characters, or as many as it takes to tell the ids apart. A script gets them whole.
    private const int ShortIdLength = 12;

    public static void Write(ClientRun run, IReadOnlyList<EndpointAnswer> endpoints)
    {
        int idLength = run.Console.IsTerminal ? ShortLength(endpoints) : int.MaxValue;
        Table table = new("ID", "STATUS", "ADDRESS", "INTERFACE", "HOLDER", "CHECKS", "REASON");
        foreach ((EndpointSnapshot endpoint, _) in endpoints)
        {
            string id = endpoint.Id.Length > idLength ? endpoint.Id[..idLength] : endpoint.Id;
            table.Add(id, endpoint.Status, EndpointAddress.Of(endpoint), endpoint.Interface, endpoint.Holder, HealthCheckText.Format(endpoint.Checks), Reason(endpoint));
        }

        table.Write(run.Output, run.Paint);
    }

    public static void WriteOne(ClientRun run, EndpointSnapshot endpoint)
    {
        List<(string Name, string? Value)> fields =
        [
            ("ID", endpoint.Id),
            ("STATUS", endpoint.Status),
            ("REASON", endpoint.Reason),
            ("OUTPUT", endpoint.Output),
            ("SINCE", endpoint.Since == default ? null : Time(endpoint.Since)),
            ("PLUGIN", endpoint.Plugin),
            ("ADDRESS", EndpointAddress.Of(endpoint)),
            ("INTERFACE", endpoint.Interface),
            ("ELECTION KEY", endpoint.ElectionKey),
            ("HOLDER", endpoint.Holder),
            ("CHECKS", HealthCheckText.Format(endpoint.Checks)),
            ("CHECK INTERVAL", endpoint.HealthcheckIntervalSeconds == 0 ? null : $"{endpoint.HealthcheckIntervalSeconds}s"),
            ("ON ETCD LOSS", endpoint.OnEtcdLoss),
            ("RIVALS", endpoint.Rivals == 0 ? null : $"{endpoint.Rivals}"),
            ("LAST ERROR", endpoint is { LastError: not null, LastErrorAt: { } at } ? $"{endpoint.LastError} ({Time(at)})" : endpoint.LastError),
            ("LAST ANSWER", endpoint.LastErrorAnswer),
        ];
        fields.InsertRange(fields.FindIndex(field => field.Name == "ELECTION KEY"), Config(endpoint));
        run.WriteFields(fields);
    }

    /// <summary>The plugin's own fields, but for those that every endpoint has.</summary>
    private static List<(string Name, string? Value)> Config(EndpointSnapshot endpoint)
    {
        List<(string Name, string? Value)> fields = [];
        if (endpoint.PluginConfigJson is null)
        {
            return fields;
        }

        using JsonDocument config = JsonDocument.Parse(endpoint.PluginConfigJson);
        foreach (JsonProperty field in config.RootElement.EnumerateObject())
        {
            if (field.Name != "on_etcd_loss" && (field.Name != "ip" || endpoint.Ip is null))
            {
                fields.Add((field.Name.Replace('_', ' ').ToUpperInvariant(), Short(field.Value.ValueKind == JsonValueKind.String ? field.Value.GetString()! : field.Value.GetRawText())));
            }
        }

        return fields;
    }

    /// <summary>A certificate, say, would fill the screen.</summary>
    private static string Short(string value) => value.AsSpan().Count('\n') is > 0 and var more ? $"{more + 1} lines; -o json shows them" : value;

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    private static string? Reason(EndpointSnapshot endpoint) => endpoint.Reason;

    private static int ShortLength(IReadOnlyList<EndpointAnswer> endpoints)
    {
        int length = ShortIdLength;
        while (length < 40 && endpoints.Select(item => item.Endpoint.Id).Where(id => id.Length > length).GroupBy(id => id[..length]).Any(group => group.Count() > 1))
        {
            length++;
        }

        return length;
    }
}
