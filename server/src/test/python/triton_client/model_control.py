from client_test import ClientTest


class ModelControlTest(ClientTest):
    """The model repository extension, with a model that no other test asks."""

    def states(self):
        index = self.client.get_model_repository_index()
        return {(entry["name"], entry["version"]): (entry["state"], entry.get("reason")) for entry in index}

    def test_the_extension_is_listed(self):
        self.assertIn("model_repository", self.client.get_server_metadata()["extensions"])

    def test_index(self):
        states = self.states()
        self.assertEqual(("READY", None), states["iris", "1"])
        self.assertEqual(("READY", None), states["versions", "10"])
        self.assertEqual(("UNAVAILABLE", "not loaded"), states["versions", "2"])
        self.assertEqual("UNAVAILABLE", states["broken", "1"][0])
        self.assertIn("Protobuf parsing failed", states["broken", "1"][1])

    def test_load_and_unload(self):
        self.client.load_model("scalar")
        self.assertTrue(self.client.is_model_ready("scalar"))
        self.client.unload_model("scalar")
        self.assertFalse(self.client.is_model_ready("scalar"))
        self.assertEqual(("UNAVAILABLE", "unloaded"), self.states()["scalar", "1"])
        self.client.unload_model("scalar", unload_dependents=True)
        self.client.load_model("scalar")
        self.assertTrue(self.client.is_model_ready("scalar", "1"))
        self.assertEqual(("READY", None), self.states()["scalar", "1"])

    def test_errors_carry_our_message(self):
        self.fails(422, "Protobuf parsing failed", self.client.load_model, "broken")
        self.fails(404, "there is no model 'nothing'", self.client.load_model, "nothing")
        self.fails(404, "there is no model 'nothing'", self.client.unload_model, "nothing")
        self.fails(400, "parameter 'config' is not supported", self.client.load_model, "scalar", config="{}")
