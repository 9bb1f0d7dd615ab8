namespace Link.Core.Plugins;

/// <summary>What is wrong with one field of a plugin's configuration.</summary>
internal readonly record struct FieldFault(string Field, string Message);
